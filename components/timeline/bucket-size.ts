import { spanOf, type TimeRange } from './time-range.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Widths a bucket may have; each divides a larger one closely enough for bars to keep their place while zooming. */
const NICE_MS: readonly number[] = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  91 * DAY,
  365 * DAY,
];

const BAR_PX = 6;
/** The server counts consumers once a second; finer buckets would show gaps that are none. */
export const CONSUMER_BUCKET_MS = SECOND;
/** The asked range ends on multiples of this many buckets, so that panning and following seldom ask anew. */
const SNAP_BUCKETS = 40;
const MAX_BUCKETS = 2_000;

export const niceMs = (atLeastMs: number): number =>
  NICE_MS.find((ms) => ms >= atLeastMs) ?? 365 * DAY;

export const bucketMsFor = (range: TimeRange, widthPx: number, floorMs = 1): number =>
  niceMs(Math.max(floorMs, (spanOf(range) / Math.max(1, widthPx)) * BAR_PX));

export type BucketWindow = {
  readonly from: number;
  readonly to: number;
  readonly buckets: number;
  readonly bucketMs: number;
};

/**
 * What to ask the server for to draw `range`: half a span more on either side, whole buckets, bounds that stay the same while
 * the view moves a little. Never more buckets than the API allows.
 */
export const bucketWindow = (range: TimeRange, widthPx: number, floorMs = 1): BucketWindow => {
  const bucketMs = bucketMsFor(range, widthPx, floorMs);
  const snap = bucketMs * SNAP_BUCKETS;
  const margin = spanOf(range) / 2;
  const from = Math.floor((range.from - margin) / snap) * snap;
  const to = Math.ceil((range.to + margin) / snap) * snap;
  const buckets = Math.min(MAX_BUCKETS, Math.round((to - from) / bucketMs));
  return { from, to: from + buckets * bucketMs, buckets, bucketMs };
};

export type Tile = { readonly from: number; readonly to: number };

/** Tiles per view in which single events are fetched; small enough that the newest one is cheap to ask again. */
const TILES_PER_SPAN = 6;

/** Fixed pieces of time that cover the range; the same piece has the same bounds whatever the view. */
export const tilesFor = (range: TimeRange): readonly Tile[] => {
  const size = niceMs(spanOf(range) / TILES_PER_SPAN);
  const tiles: Tile[] = [];
  for (let from = Math.floor(range.from / size) * size; from < range.to; from += size)
    tiles.push({ from, to: from + size });
  return tiles;
};
