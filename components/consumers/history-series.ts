import { type ConsumerHistory } from '#contracts/subscription.ts';

type Values = readonly (number | null)[];

/** A history as even columns over the whole span, oldest first. */
export type HistorySeries = {
  readonly times: readonly number[];
  readonly handled: Values;
  readonly failed: Values;
  readonly lag: Values;
  readonly p50: Values;
  readonly p95: Values;
  readonly p99: Values;
  /** Nothing was measured in the span. */
  readonly isEmpty: boolean;
};

/**
 * Lays the samples on the even grid of the span. A consumer at rest leaves no samples: since its first one, steps without
 * count nothing and keep the lag they had. Rates are per second; the last step is not over: it is scaled by what has passed,
 * and unknown while nothing of it was measured.
 */
export function historySeries(
  { samples, stepMs }: ConsumerHistory,
  span: { readonly fromMs: number; readonly toMs: number },
): HistorySeries {
  const byTime = new Map(samples.map((sample) => [Date.parse(sample.at), sample]));
  const times: number[] = [];
  const first = Math.floor(span.fromMs / stepMs) * stepMs;
  for (let at = first; at < span.toMs; at += stepMs) times.push(at);
  const measuredFrom = samples[0] ? Date.parse(samples[0].at) : Number.POSITIVE_INFINITY;
  const latency = (field: 'p50Ms' | 'p95Ms' | 'p99Ms') =>
    times.map((at) => byTime.get(at)?.[field] ?? null);
  const rate = (field: 'handled' | 'failed') =>
    times.map((at) => {
      const sample = byTime.get(at);
      const elapsedMs = Math.min(stepMs, span.toMs - at);
      if (at < measuredFrom || (!sample && elapsedMs < stepMs)) return null;
      const count = sample?.[field] ?? 0;
      return (count / Math.max(elapsedMs, LEAST_ELAPSED_MS)) * 1_000;
    });
  return {
    times,
    handled: rate('handled'),
    failed: rate('failed'),
    lag: keptLags(times, byTime),
    p50: latency('p50Ms'),
    p95: latency('p95Ms'),
    p99: latency('p99Ms'),
    isEmpty: samples.length === 0,
  };
}

/** Less than this has passed of the last step: its rate would be a guess. */
const LEAST_ELAPSED_MS = 1_000;

function keptLags(
  times: readonly number[],
  byTime: ReadonlyMap<number, ConsumerHistory['samples'][number]>,
): Values {
  let last: number | null = null;
  return times.map((at) => {
    last = byTime.get(at)?.lag ?? last;
    return last;
  });
}
