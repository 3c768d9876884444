import { type LogRecord } from './event-record.ts';

/** Recently committed events kept in memory at most, by their approximate size. */
export const TAIL_CACHE_BYTES = 16 * 1_048_576;
const RECORD_OVERHEAD_BYTES = 400;
const EXTENSION_OVERHEAD_BYTES = 40;

/**
 * The newest part of the log in memory, so that a caught-up reader needs no query. Positions are gap-free, so contiguity proves
 * completeness: the cache holds exactly `first … tail`. A write by somebody else leaves a hole; the cache then starts anew.
 */
export class LogTail {
  readonly #maxBytes: number;
  readonly #records = new Deque();
  readonly #byPartition = new Map<string, Deque>();
  #bytes = 0;
  #tail = 0;
  readonly #listeners = new Set<(tail: number) => void>();

  constructor(maxBytes = TAIL_CACHE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get position(): number {
    return this.#tail;
  }

  /** Start-up, or a jump over events written elsewhere: what is cached no longer reaches the tail. */
  restart(tail: number): void {
    this.#records.clear();
    this.#byPartition.clear();
    this.#bytes = 0;
    if (tail !== this.#tail) {
      this.#tail = tail;
      this.#announce();
    }
  }

  /** Adds a committed batch that begins right after `tailBefore`. */
  add(tailBefore: number, records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    if (tailBefore !== this.#tail) this.restart(tailBefore);
    for (const record of records) {
      this.#records.push(record);
      this.#partition(record.topicId, record.partition).push(record);
      this.#bytes += sizeOf(record);
      this.#tail = record.position;
    }
    this.#evict();
    this.#announce();
  }

  onTail(listener: (tail: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The events after `position`, or null when they are not all in memory. */
  after(position: number, limit: number, maxBytes: number): readonly LogRecord[] | null {
    if (position >= this.#tail) return [];
    const first = this.#records.at(0);
    if (first === undefined || position + 1 < first.position) return null;
    const found: LogRecord[] = [];
    let bytes = 0;
    for (let index = position + 1 - first.position; found.length < limit; index += 1) {
      const record = this.#records.at(index);
      if (record === undefined) break;
      bytes += sizeOf(record);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(record);
    }
    return found;
  }

  /** A partition's events from `offset` on, or null when the first of them is not in memory. */
  ofPartition(cursor: {
    readonly topicId: number;
    readonly partition: number;
    readonly offset: number;
    readonly limit: number;
  }): readonly LogRecord[] | null {
    const records = this.#byPartition.get(`${cursor.topicId}:${cursor.partition}`);
    const first = records?.at(0);
    if (records === undefined || first === undefined || cursor.offset < first.offset) return null;
    return records.slice(cursor.offset - first.offset, cursor.limit);
  }

  #partition(topicId: number, partition: number): Deque {
    const key = `${topicId}:${partition}`;
    let records = this.#byPartition.get(key);
    if (records === undefined) {
      records = new Deque();
      this.#byPartition.set(key, records);
    }
    return records;
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#records.shift();
      if (oldest === undefined) return;
      this.#bytes -= sizeOf(oldest);
      this.#byPartition.get(`${oldest.topicId}:${oldest.partition}`)?.shift();
    }
  }

  #announce(): void {
    for (const listener of this.#listeners) listener(this.#tail);
  }
}

function sizeOf(record: LogRecord): number {
  const data = record.dataText?.length ?? record.dataBinary?.length ?? 0;
  const { extensions } = record;
  return RECORD_OVERHEAD_BYTES + data + (extensions === null ? 0 : sizeOfExtensions(extensions));
}

/** They may be many times as large as the payload. */
function sizeOfExtensions(extensions: NonNullable<LogRecord['extensions']>): number {
  let bytes = 0;
  for (const name in extensions) {
    const value = extensions[name];
    bytes += EXTENSION_OVERHEAD_BYTES + (typeof value === 'string' ? value.length : 0);
  }
  return bytes;
}

// Push at the end, shift at the front in amortised constant time, read by index.
class Deque {
  #items: (LogRecord | undefined)[] = [];
  #start = 0;

  push(record: LogRecord): void {
    this.#items.push(record);
  }

  shift(): LogRecord | undefined {
    const record = this.#items[this.#start];
    if (record === undefined) return undefined;
    this.#items[this.#start] = undefined;
    this.#start += 1;
    if (this.#start > 1_024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return record;
  }

  at(index: number): LogRecord | undefined {
    return this.#items[this.#start + index];
  }

  slice(from: number, count: number): readonly LogRecord[] {
    const start = this.#start + from;
    const part = this.#items.slice(start, start + count);
    return part.filter((record) => record !== undefined);
  }

  clear(): void {
    this.#items = [];
    this.#start = 0;
  }
}
