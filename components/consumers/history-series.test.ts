import { expect, test } from 'vitest';
import { historySeries } from './history-series.ts';

const sample = (atMs: number, handled: number, lag: number) => ({
  at: new Date(atMs).toISOString(),
  handled,
  failed: 1,
  dead: 0,
  p50Ms: 4,
  p95Ms: 8,
  p99Ms: 9,
  lag,
});

test('a consumer at rest counts nothing and keeps its lag', () => {
  const history = { stepMs: 2_000, samples: [sample(2_000, 8, 3), sample(6_000, 2, 1)] };
  const series = historySeries(history, { fromMs: 500, toMs: 10_000 });
  expect(series.times).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
  expect(series.handled).toEqual([null, 4, 0, 1, 0]);
  expect(series.lag).toEqual([null, 3, 3, 1, 1]);
  expect(series.p95).toEqual([null, 8, null, 8, null]);
});

test('the step that is not over is scaled by what has passed', () => {
  const history = { stepMs: 10_000, samples: [sample(0, 10, 0), sample(10_000, 4, 0)] };
  expect(historySeries(history, { fromMs: 0, toMs: 12_000 }).handled).toEqual([1, 2]);
});

test('the step that is not over is unknown while nothing of it was measured', () => {
  const history = { stepMs: 10_000, samples: [sample(0, 10, 0)] };
  expect(historySeries(history, { fromMs: 0, toMs: 12_000 }).handled).toEqual([1, null]);
});

test('no samples make an empty series', () => {
  const series = historySeries({ stepMs: 1_000, samples: [] }, { fromMs: 0, toMs: 3_000 });
  expect(series.isEmpty).toBe(true);
  expect(series.handled).toEqual([null, null, null]);
});
