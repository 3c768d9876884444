import { expect, test } from 'vitest';
import { OwnedPartition } from './owned-partition.ts';

const takenWith = (doneAhead: { from: number; to: number }[], retried: number[]) => {
  const at = { topicId: 1, partition: 0, committed: 10, committedPosition: 100 };
  return new OwnedPartition({ ...at, epoch: 2, suspectUntil: 0, doneAhead }, retried, 50);
};

test('hands on what it has done beyond the watermark, and what it found done and has not reached', () => {
  const partition = takenWith([{ from: 12, to: 14 }], [17, 16]);
  for (const offset of [10, 11, 12]) partition.progress.admit(offset, offset * 10);
  partition.settled.delete(12);
  for (const offset of [11, 12]) partition.progress.done(offset);

  expect(partition.doneAhead()).toEqual([
    { from: 11, to: 14 },
    { from: 16, to: 18 },
  ]);
});

test('leaves out what retention dropped before it was reached', () => {
  const partition = takenWith([{ from: 12, to: 14 }], []);

  partition.progress.admit(20, 200);

  expect(partition.doneAhead()).toEqual([]);
});
