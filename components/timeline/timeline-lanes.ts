import { type StoredEvent } from '#contracts/event.ts';
import { type Timeline } from '#contracts/timeline.ts';
import { type TimeRange } from './time-range.ts';

export type LaneKind = 'topic' | 'type' | 'consumer';

/** Lanes keep their row for as long as the view lives: new ones come below, none jumps because its count changed. */
export const orderLanes = (
  before: readonly string[],
  timeline: Timeline | undefined,
): readonly string[] => {
  const known = new Set(before);
  const fresh = (timeline?.lanes ?? [])
    .filter((lane) => !known.has(lane.name))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
    .map((lane) => lane.name);
  return fresh.length === 0 ? before : [...before, ...fresh];
};

/** System lanes stand below those of the person's own topics. */
const rank = (name: string): number => (name.startsWith('$') ? 1 : 0);

export type LaneCount = { readonly total: number; readonly failed: number; readonly peak: number };

/** Sums the buckets whose middle lies in the range, per lane. */
export const countInRange = (
  timeline: Timeline,
  range: TimeRange,
): ReadonlyMap<string, LaneCount> => {
  const start = Date.parse(timeline.after);
  const first = Math.max(0, Math.ceil((range.from - start) / timeline.bucketMs - 0.5));
  const counts = new Map<string, LaneCount>();
  for (const lane of timeline.lanes) {
    const last = Math.min(
      lane.counts.length,
      Math.ceil((range.to - start) / timeline.bucketMs - 0.5),
    );
    let total = 0;
    let failed = 0;
    let peak = 0;
    for (let i = first; i < last; i += 1) {
      const count = lane.counts[i] ?? 0;
      total += count;
      failed += lane.failed[i] ?? 0;
      peak = Math.max(peak, count);
    }
    counts.set(lane.name, { total, failed, peak });
  }
  return counts;
};

export const totalOf = (counts: ReadonlyMap<string, LaneCount>): number => {
  let total = 0;
  for (const count of counts.values()) total += count.total;
  return total;
};

/** The lane an event is drawn on; null for consumer lanes, where one event may stand on many. */
export const laneOf = (event: StoredEvent, kind: LaneKind): string | null => {
  if (kind === 'topic') return event.topic;
  return kind === 'type' ? event.type : null;
};
