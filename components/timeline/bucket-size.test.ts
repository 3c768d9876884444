import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketWindow, CONSUMER_BUCKET_MS, tilesFor } from './bucket-size.ts';

const now = Date.UTC(2026, 0, 1);
const view = fc
  .tuple(
    fc.double({ min: 0, max: 11, noNaN: true }).map((power) => Math.max(4, 10 ** power)),
    fc.integer({ min: 0, max: 1_000_000_000 }),
  )
  .map(([span, offset]) => ({ from: now + offset, to: now + offset + span }));
const width = fc.integer({ min: 200, max: 3_000 });

test('what is asked covers the view, in whole buckets, within what the API allows', () => {
  fc.assert(
    fc.property(view, width, (range, widthPx) => {
      const asked = bucketWindow(range, widthPx);

      expect(asked.from).toBeLessThanOrEqual(range.from);
      expect(asked.to).toBeGreaterThanOrEqual(range.to);
      expect(asked.buckets).toBeLessThanOrEqual(2_000);
      expect(asked.to - asked.from).toBe(asked.buckets * asked.bucketMs);
    }),
  );
});

test('a view that moves a little asks the same, so that the answer comes from the cache', () => {
  const a = bucketWindow({ from: now + 1_000, to: now + 61_000 }, 1_200);
  const b = bucketWindow({ from: now + 1_500, to: now + 61_500 }, 1_200);

  expect(b).toEqual(a);
});

test('consumers are never asked for finer than they are counted', () => {
  const asked = bucketWindow({ from: now, to: now + 500 }, 1_200, CONSUMER_BUCKET_MS);
  expect(asked.bucketMs).toBe(CONSUMER_BUCKET_MS);
});

test('tiles cover the view without gaps and keep their bounds while it pans', () => {
  fc.assert(
    fc.property(view, (range) => {
      const tiles = tilesFor(range);

      expect(tiles[0]?.from).toBeLessThanOrEqual(range.from);
      expect(tiles.at(-1)?.to).toBeGreaterThanOrEqual(range.to);
      for (const [i, tile] of tiles.entries()) if (i > 0) expect(tile.from).toBe(tiles[i - 1]?.to);
      expect(tiles.length).toBeLessThanOrEqual(12);
    }),
  );
});
