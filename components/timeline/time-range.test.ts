import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  liveRange,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  panRange,
  spanOf,
  timeAt,
  xOf,
  zoomRange,
} from './time-range.ts';

const DAY = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const range = fc
  .tuple(
    fc.integer({ min: 10, max: 300 * DAY }),
    fc.integer({ min: -3_000 * DAY, max: 3_000 * DAY }),
  )
  .map(([span, offset]) => ({ from: now + offset, to: now + offset + span }));

test('zooming keeps the instant under the pointer where it is', () => {
  fc.assert(
    fc.property(
      range,
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (before, factor, share) => {
        const around = before.from + spanOf(before) * share;

        const after = zoomRange(before, factor, around);

        expect(Math.abs(xOf(after, around, 1_000) - share * 1_000)).toBeLessThan(0.5);
      },
    ),
  );
});

test('zooming in and out again comes back', () => {
  const before = { from: now, to: now + DAY };

  const after = zoomRange(zoomRange(before, 0.25, now + 3_000), 4, now + 3_000);

  expect(after.from).toBeCloseTo(before.from, 0);
  expect(after.to).toBeCloseTo(before.to, 0);
});

test('from years to milliseconds, never beyond either', () => {
  const wide = zoomRange({ from: now, to: now + DAY }, 1e12, now);
  const narrow = zoomRange({ from: now, to: now + DAY }, 1e-12, now);

  expect(spanOf(wide)).toBeLessThanOrEqual(MAX_SPAN_MS + 1);
  expect(spanOf(narrow)).toBeGreaterThanOrEqual(MIN_SPAN_MS - 0.01);
});

test('pixels and instants are each other the other way round', () => {
  const view = { from: now, to: now + 60_000 };
  expect(timeAt(view, xOf(view, now + 12_345, 1_100), 1_100)).toBeCloseTo(now + 12_345, 3);
});

test('panning keeps the span', () => {
  const view = { from: now, to: now + 60_000 };
  expect(spanOf(panRange(view, 0.3))).toBe(60_000);
});

test('following shows now just inside the right edge', () => {
  const view = liveRange(now, 60_000);
  expect(view.to).toBeGreaterThan(now);
  expect(xOf(view, now, 1_000)).toBeCloseTo(980, 0);
});
