import { type Timeline } from '#contracts/timeline.ts';
import { type EventDot, type EventDots, nearestDot } from './event-dots.ts';
import { spanOf } from './time-range.ts';
import { type Geometry, laneAt } from './timeline-geometry.ts';

const REACH_PX = 9;

/** What stands under the pointer. */
export type TimelineHit =
  | { readonly kind: 'event'; readonly dot: EventDot }
  | {
      readonly kind: 'bucket';
      readonly lane: string;
      readonly from: number;
      readonly to: number;
      readonly count: number;
      readonly failed: number;
    };

export const hitTest = (
  at: { readonly x: number; readonly y: number; readonly time: number },
  geometry: Geometry,
  data: { readonly timeline: Timeline | undefined; readonly dots: EventDots | null },
): TimelineHit | null => {
  const lane = laneAt(geometry, at.y);
  if (lane === null) return null;
  const withinMs = (REACH_PX / Math.max(1, geometry.width)) * spanOf(geometry.range);
  const row = data.dots?.byLane.get(lane) ?? [];
  const dot = nearestDot(row, at.time, withinMs);
  if (dot) return { kind: 'event', dot };
  return data.dots === null ? bucketAt(lane, at.time, data.timeline) : null;
};

const bucketAt = (
  name: string,
  time: number,
  timeline: Timeline | undefined,
): TimelineHit | null => {
  const lane = timeline?.lanes.find((one) => one.name === name);
  if (!timeline || !lane) return null;
  const start = Date.parse(timeline.after);
  const index = Math.floor((time - start) / timeline.bucketMs);
  const count = lane.counts[index] ?? 0;
  const failed = lane.failed[index] ?? 0;
  if (count === 0 && failed === 0) return null;
  const from = start + index * timeline.bucketMs;
  return { kind: 'bucket', lane: name, from, to: from + timeline.bucketMs, count, failed };
};

/** Equal hits need no new tooltip. */
export const isSameHit = (a: TimelineHit | null, b: TimelineHit | null): boolean => {
  if (a === null || b === null) return a === b;
  if (a.kind === 'event' && b.kind === 'event') return a.dot.id === b.dot.id;
  if (a.kind === 'bucket' && b.kind === 'bucket')
    return a.lane === b.lane && a.from === b.from && a.count === b.count && a.failed === b.failed;
  return false;
};
