/**
 * Which partition a key belongs to: Kafka's default, murmur2 over the key's UTF-8 bytes with the sign bit cleared, modulo the
 * partition count. The same key maps to the same partition as with Kafka's Java client, so a move to Kafka keeps order.
 */
export function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2, 32 bit, as in org.apache.kafka.common.utils.Utils.murmur2. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    let word =
      byteAt(data, index) |
      (byteAt(data, index + 1) << 8) |
      (byteAt(data, index + 2) << 16) |
      (byteAt(data, index + 3) << 24);
    word = Math.imul(word, M);
    word ^= word >>> R;
    word = Math.imul(word, M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = length - index;
  if (rest === 3) hash ^= byteAt(data, index + 2) << 16;
  if (rest >= 2) hash ^= byteAt(data, index + 1) << 8;
  if (rest >= 1) {
    hash ^= byteAt(data, index);
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  hash ^= hash >>> 15;
  return hash | 0;
}

const byteAt = (data: Uint8Array, index: number): number => data[index] ?? 0;
