import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { multirangeText, parseMultirange } from '#server/storage/multirange.ts';
import { ClaimProgress } from './claim-progress.ts';

const claim = fc
  .record({ from: fc.nat(1_000_000), length: fc.integer({ min: 1, max: 80 }) })
  .chain(({ from, length }) =>
    fc.record({
      range: fc.constant({ from, to: from + length }),
      offsets: fc.array(fc.integer({ min: from, max: from + length - 1 }), { maxLength: 200 }),
    }),
  );

describe('claim progress', () => {
  test('knows what is undone, whatever the order, and so does who takes it over', () => {
    fc.assert(
      fc.property(claim, ({ range, offsets }) => {
        const progress = new ClaimProgress(range);
        const done = new Set<number>();
        for (const offset of offsets) {
          expect(progress.done(offset)).toBe(!done.has(offset));
          done.add(offset);
        }
        const all = Array.from({ length: range.to - range.from }, (_, i) => range.from + i);
        const undone = all.filter((offset) => !done.has(offset));
        expect(progress.undone).toBe(undone.length);
        expect(progress.isComplete).toBe(undone.length === 0);
        expect(progress.from).toBe(undone[0] ?? range.to);
        if (progress.isComplete) return;

        const stored = parseMultirange(multirangeText(progress.islands()));
        const next = new ClaimProgress({ from: progress.from, to: progress.to }, stored);
        expect(all.filter((offset) => offset >= next.from && !next.isDone(offset))).toEqual(undone);
        for (const offset of undone) next.done(offset);
        expect(next.isComplete).toBe(true);
      }),
    );
  });

  test('the islands neither touch nor overlap and are behind the front', () => {
    fc.assert(
      fc.property(claim, ({ range, offsets }) => {
        const progress = new ClaimProgress(range);
        for (const offset of offsets) progress.done(offset);
        let last = progress.from;
        for (const island of progress.islands()) {
          expect(island.from).toBeGreaterThan(last);
          expect(island.to).toBeGreaterThan(island.from);
          last = island.to;
        }
      }),
    );
  });

  test('refuses offsets that are not its own', () => {
    const progress = new ClaimProgress({ from: 5, to: 8 });
    expect(() => progress.done(8)).toThrow(RangeError);
    expect(() => progress.done(4)).toThrow(RangeError);
    expect(() => new ClaimProgress({ from: 5, to: 5 })).toThrow(RangeError);
    expect(progress.allDone({ from: 0, to: 7 })).toBe(2);
    expect(progress.from).toBe(7);
  });
});
