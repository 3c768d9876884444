import { randomFillSync } from 'node:crypto';

const IDS_PER_REFILL = 512;
const BYTES_PER_ID = 10;
const pool = Buffer.alloc(IDS_PER_REFILL * BYTES_PER_ID);
let used = pool.length;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A UUID of version 7 (RFC 9562): sorts by `now`, the wall time in milliseconds, and is random beyond it. */
export function uuidV7(now: number): string {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += BYTES_PER_ID;
  const time = Math.floor(now).toString(16).padStart(12, '0');
  const byte = (index: number) => pool[at + index] ?? 0;
  const version = hex[0x70 | (byte(0) & 0x0f)];
  const variant = hex[0x80 | (byte(2) & 0x3f)];
  const tail = `${hex[byte(4)]}${hex[byte(5)]}${hex[byte(6)]}${hex[byte(7)]}${hex[byte(8)]}${hex[byte(9)]}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${hex[byte(1)]}-${variant}${hex[byte(3)]}-${tail}`;
}
