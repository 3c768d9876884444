import { type CountRow, type CountSegment } from '#server/storage/event-count-rows.ts';

/** Seconds a row of `event_counts` covers, coarsest first. */
export const RESOLUTIONS = [3_600, 60, 10, 1] as const;

const DAY_SECONDS = 86_400;
/** How long rows of a resolution are kept; hours are kept for ever. */
export const KEPT_SECONDS: Readonly<Record<1 | 10 | 60, number>> = {
  1: 2 * DAY_SECONDS,
  10: 2 * DAY_SECONDS,
  60: 90 * DAY_SECONDS,
};

/** With so many buckets each may read seconds at both its edges; with more, a row that two buckets share is divided. */
const EXACT_BUCKETS = 50;

export type CountWindow = {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly bucketMs: number;
  readonly segments: readonly CountSegment[];
};

/**
 * Splits a window into few rows that add up to it: coarse rows inside, finer ones at its ends. A row that two buckets
 * share says how much of it belongs to the later one. The window is widened to the finest rows that are still kept from
 * then, and answered so.
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
  const coarsest = usable.find((resolution) => resolution * 1_000 <= bucketMs) ?? finest;
  const edgeMs = (buckets <= EXACT_BUCKETS ? finest : coarsest) * 1_000;
  const segments: CountSegment[] = [];
  let reachedMs = afterMs;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const endMs = bucket === buckets - 1 ? beforeMs : afterMs + (bucket + 1) * bucketMs;
    const wholeMs = endMs === beforeMs ? endMs : Math.floor(endMs / edgeMs) * edgeMs;
    for (const part of split(reachedMs, wholeMs, usable))
      segments.push({ bucket, laterShare: 0, ...part });
    reachedMs = Math.max(reachedMs, wholeMs);
    const sharedEndMs = Math.min(wholeMs + edgeMs, beforeMs);
    if (reachedMs >= endMs || sharedEndMs <= reachedMs) continue;
    const laterShare = (sharedEndMs - endMs) / (sharedEndMs - reachedMs);
    for (const part of split(reachedMs, sharedEndMs, usable))
      segments.push({ bucket, laterShare, ...part });
    reachedMs = sharedEndMs;
  }
  return { afterMs, beforeMs, bucketMs, segments };
}

/** Gives the shared rows to their buckets: whole numbers, and nothing lost. */
export function divideShared(rows: readonly CountRow[], buckets: number): CountRow[] {
  return rows.flatMap((row) => {
    const later = Math.round(row.count * row.laterShare);
    const parts = [
      { ...row, count: row.count - later },
      { ...row, bucket: Math.min(buckets - 1, row.bucket + 1), count: later },
    ];
    return parts.filter((part) => part.count > 0);
  });
}

function finestKept(ageSeconds: number): number {
  if (ageSeconds < KEPT_SECONDS[1]) return 1;
  return ageSeconds < KEPT_SECONDS[60] ? 60 : 3_600;
}

function split(
  fromMs: number,
  toMs: number,
  resolutions: readonly number[],
): Omit<CountSegment, 'bucket' | 'laterShare'>[] {
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
