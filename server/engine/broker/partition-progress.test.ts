import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PartitionProgress } from './partition-progress.ts';

describe('PartitionProgress', () => {
  test('the watermark is the lowest offset that is not done, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.array(fc.nat(600), { minLength: 1, maxLength: 600 }),
        (start, choices) => {
          const progress = new PartitionProgress(start, start * 3, 500);
          const open = new Set<number>();
          let next = start;
          for (const choice of choices) {
            if (choice % 2 === 0 && progress.hasRoom) {
              expect(progress.admit(next, next * 3)).toBe(true);
              open.add(next);
              next += 1;
            } else if (open.size > 0) {
              const offset = [...open][choice % open.size] ?? next;
              progress.done(offset);
              open.delete(offset);
            }
            expect(progress.watermark).toBe(Math.min(next, ...open));
            const ahead = Array.from({ length: next - progress.watermark }, (_, i) => next - 1 - i);
            expect(progress.doneAhead()).toEqual(
              ahead.filter((offset) => !open.has(offset)).toReversed(),
            );
            // Never beyond the event at the watermark, or reading from there would skip it.
            expect(progress.watermarkPosition).toBeLessThanOrEqual(progress.watermark * 3);
          }
        },
      ),
    );
  });

  test('a gap left by retention is passed only when all before it is done', () => {
    const progress = new PartitionProgress(0, 0, 10);
    expect(progress.admit(0, 1)).toBe(true);
    expect(progress.admit(7, 90)).toBe(false);
    progress.done(0);
    expect(progress.admit(7, 90)).toBe(true);
    expect(progress.watermark).toBe(7);
    progress.done(7);
    expect(progress.watermark).toBe(8);
  });

  test('admits no more than its window', () => {
    const progress = new PartitionProgress(0, 0, 3);
    for (const offset of [0, 1, 2]) expect(progress.admit(offset, offset)).toBe(true);
    expect(progress.admit(3, 3)).toBe(false);
    progress.done(0);
    expect(progress.admit(3, 3)).toBe(true);
  });
});
