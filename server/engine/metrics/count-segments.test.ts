import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countWindow } from './count-segments.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');

it('covers the window once, without gap or overlap, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 200 * 86_400_000 }),
      fc.integer({ min: 1, max: 10 * 86_400_000 }),
      fc.integer({ min: 1, max: 300 }),
      (ageMs, spanMs, buckets) => {
        const afterMs = NOW_MS - ageMs;
        const window = countWindow({ afterMs, beforeMs: afterMs + spanMs, buckets, nowMs: NOW_MS });

        expect(window.afterMs).toBeLessThanOrEqual(afterMs);
        expect(window.beforeMs).toBeGreaterThanOrEqual(afterMs + spanMs);
        let reached = window.afterMs;
        for (const { bucket, resolution, fromMs, toMs } of window.segments) {
          expect(fromMs).toBe(reached);
          expect(toMs).toBeGreaterThan(fromMs);
          expect(fromMs % (resolution * 1_000)).toBe(0);
          expect(toMs % (resolution * 1_000)).toBe(0);
          expect(bucket).toBeLessThan(buckets);
          reached = toMs;
        }
        expect(reached).toBe(window.beforeMs);
      },
    ),
  );
});

it('uses hours inside, minutes and seconds at the edges', () => {
  const afterMs = Date.parse('2026-06-01T08:59:30Z');
  const beforeMs = Date.parse('2026-06-01T11:01:00Z');

  const { segments } = countWindow({ afterMs, beforeMs, buckets: 1, nowMs: NOW_MS });

  expect(segments.map((segment) => segment.resolution)).toEqual([10, 3_600, 60]);
});
