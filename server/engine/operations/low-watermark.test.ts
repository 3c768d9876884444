import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LowWatermark } from './low-watermark.ts';

describe('LowWatermark', () => {
  it('stays below the oldest position that has not settled', () => {
    const watermark = new LowWatermark({ position: 4, done: 2, failed: 0 });
    for (const position of [5, 8, 9]) watermark.begin(position);

    watermark.settle(9, 'done');
    watermark.settle(5, 'failed');

    expect(watermark.position).toBe(5);
    expect(watermark.inFlight).toBe(1);
    expect([watermark.done, watermark.failed]).toEqual([2, 1]);
    expect(watermark.settledSoFar).toEqual({ done: 3, failed: 1 });
  });

  it('never passes an unsettled position, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 3_000 }),
        fc.infiniteStream(fc.nat()),
        (positions, picks) => {
          const ordered = positions.toSorted((a, b) => a - b);
          const watermark = new LowWatermark({ position: 0, done: 0, failed: 0 });
          for (const position of ordered) watermark.begin(position);
          const left = [...ordered];
          while (left.length > 0) {
            const pick = Number(picks.next().value) % left.length;
            const [settled = 0] = left.splice(pick, 1);
            watermark.settle(settled, settled % 3 === 0 ? 'failed' : 'done');
            const oldestOpen = left[0] ?? Number.POSITIVE_INFINITY;
            expect(watermark.position).toBeLessThan(oldestOpen);
            expect(watermark.inFlight).toBe(left.length);
          }
          expect(watermark.position).toBe(ordered.at(-1));
          expect(watermark.done + watermark.failed).toBe(ordered.length);
          expect(watermark.failed).toBe(ordered.filter((value) => value % 3 === 0).length);
        },
      ),
      { numRuns: 20 },
    );
  });
});
