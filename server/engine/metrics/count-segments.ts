import { type CountSegment } from '#server/storage/event-count-rows.ts';

/** Seconds a row of `event_counts` covers, coarsest first. */
export const RESOLUTIONS = [3_600, 60, 1] as const;

const DAY_SECONDS = 86_400;
/** How long rows of a resolution are kept; hours are kept for ever. */
export const KEPT_SECONDS: Readonly<Record<1 | 60, number>> = {
  1: 2 * DAY_SECONDS,
  60: 90 * DAY_SECONDS,
};

export type CountWindow = {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly segments: readonly CountSegment[];
};

/**
 * Splits a window into the fewest rows that add up to it: coarse rows inside, finer ones at its edges. A bucket must hold
 * whole rows, so rows wider than a bucket are not used unless nothing finer is kept from then. The window is widened to
 * the finest rows there are and answered so.
 */
export function countWindow(question: {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly bucketMs: number;
  readonly nowMs: number;
}): CountWindow {
  const finest = finestKept((question.nowMs - question.afterMs) / 1_000);
  const coarsest =
    RESOLUTIONS.find((resolution) => resolution * 1_000 <= question.bucketMs) ?? finest;
  const edgeMs = finest * 1_000;
  const afterMs = Math.floor(question.afterMs / edgeMs) * edgeMs;
  const beforeMs = Math.ceil(question.beforeMs / edgeMs) * edgeMs;
  const usable = RESOLUTIONS.filter(
    (resolution) => resolution >= finest && resolution <= Math.max(coarsest, finest),
  );
  return { afterMs, beforeMs, segments: split(afterMs, beforeMs, usable) };
}

function finestKept(ageSeconds: number): number {
  if (ageSeconds < KEPT_SECONDS[1]) return 1;
  return ageSeconds < KEPT_SECONDS[60] ? 60 : 3_600;
}

function split(fromMs: number, toMs: number, resolutions: readonly number[]): CountSegment[] {
  const [resolution, ...finer] = resolutions;
  if (resolution === undefined || fromMs >= toMs) return [];
  const step = resolution * 1_000;
  const low = Math.ceil(fromMs / step) * step;
  const high = Math.floor(toMs / step) * step;
  if (low >= high) return split(fromMs, toMs, finer);
  return [
    ...split(fromMs, low, finer),
    { resolution, fromMs: low, toMs: high },
    ...split(high, toMs, finer),
  ];
}
