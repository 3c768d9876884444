import { type CountSegment } from '#server/storage/event-count-rows.ts';

/** Seconds a row of `event_counts` covers, coarsest first. */
export const RESOLUTIONS = [3_600, 60, 1] as const;

const DAY_SECONDS = 86_400;
/** How long rows of a resolution are kept; hours are kept for ever. */
export const KEPT_SECONDS: Readonly<Record<1 | 60, number>> = {
  1: 2 * DAY_SECONDS,
  60: 90 * DAY_SECONDS,
};

/**
 * With more buckets than this, where one ends inside the window may be off by up to a 600th of its width: else each
 * would read two minutes of seconds at its edges. The ends of the window itself are exact.
 */
const EXACT_BUCKETS = 50;
const EDGE_PART = 600;

export type CountWindow = {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly bucketMs: number;
  readonly segments: readonly CountSegment[];
};

/**
 * Splits each bucket of a window into the fewest rows that add up to it: coarse rows inside, finer ones at its edges.
 * The window is widened to the finest rows that are still kept from then, and answered so.
 */
export function countWindow(question: {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly buckets: number;
  readonly nowMs: number;
}): CountWindow {
  const { buckets } = question;
  const finest = finestKept((question.nowMs - question.afterMs) / 1_000);
  const usable = RESOLUTIONS.filter((resolution) => resolution >= finest);
  const afterMs = Math.floor(question.afterMs / (finest * 1_000)) * finest * 1_000;
  const beforeMs = Math.ceil(question.beforeMs / (finest * 1_000)) * finest * 1_000;
  const bucketMs = (beforeMs - afterMs) / buckets;
  const fine = usable.findLast((resolution) => resolution * 1_000 * EDGE_PART >= bucketMs) ?? 3_600;
  const unit = buckets <= EXACT_BUCKETS ? finest : fine;
  const edgeMs = unit * 1_000;
  const edge = (bucket: number): number => {
    if (bucket === 0) return afterMs;
    if (bucket === buckets) return beforeMs;
    const rounded = Math.round((afterMs + bucket * bucketMs) / edgeMs) * edgeMs;
    return Math.min(beforeMs, Math.max(afterMs, rounded));
  };
  const segments = Array.from({ length: buckets }, (_unused, bucket) =>
    split(edge(bucket), edge(bucket + 1), usable).map((segment) => ({ bucket, ...segment })),
  );
  return { afterMs, beforeMs, bucketMs, segments: segments.flat() };
}

function finestKept(ageSeconds: number): number {
  if (ageSeconds < KEPT_SECONDS[1]) return 1;
  return ageSeconds < KEPT_SECONDS[60] ? 60 : 3_600;
}

function split(
  fromMs: number,
  toMs: number,
  resolutions: readonly number[],
): Omit<CountSegment, 'bucket'>[] {
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
