import { expect, test } from 'vitest';
import { timeTicks } from './time-ticks.ts';

const at = Date.UTC(2026, 2, 14, 9, 26, 53);
const labels = (span: number) => timeTicks({ from: at, to: at + span }, 1_200, true);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

test.each([
  ['milliseconds', 50, /^\d\d:\d\d:\d\d\.\d{3}$/],
  ['seconds', 30_000, /^\d\d:\d\d:\d\d$/],
  ['minutes', 30 * MINUTE, /^\d\d:\d\d$/],
  ['days', 12 * DAY, /^\d\d [A-Z][a-z]{2}$/],
  ['months', 300 * DAY, /^[A-Z][a-z]{2,3}$/],
  ['years', 4_000 * DAY, /^\d{4}$/],
])('a view of %s is labelled in them', (_name, span, form) => {
  const ticks = labels(span);

  expect(ticks.length).toBeGreaterThan(2);
  for (const tick of ticks) expect(tick.label).toMatch(form);
});

test('ticks leave room for their labels', () => {
  for (const span of [100, 7_000, 95_000, 40 * MINUTE, 3 * DAY, 900 * DAY])
    expect(labels(span).length).toBeLessThan(20);
});

test('the day is said once, and again where it changes', () => {
  const midnight = Date.UTC(2026, 2, 14, 22);

  const ticks = timeTicks({ from: midnight, to: midnight + 4 * 60 * MINUTE }, 1_200, true);

  expect(ticks.filter((tick) => tick.context !== null).map((tick) => tick.context)).toEqual([
    '14 Mar 2026',
    '15 Mar 2026',
  ]);
});
