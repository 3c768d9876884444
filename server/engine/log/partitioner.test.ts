import { expect, test } from 'vitest';
import { murmur2, partitionOf } from './partitioner.ts';

// The vectors of Kafka's own UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('hashes %s as Kafka does', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});

test('keeps a key on one partition within range', () => {
  const partitions = Array.from({ length: 1_000 }, (_, index) => partitionOf(`key-${index}`, 7));

  expect(Math.min(...partitions)).toBe(0);
  expect(Math.max(...partitions)).toBe(6);
  expect(partitionOf('key-1', 7)).toBe(partitions[1]);
});
