import { type Timeline } from '#contracts/timeline.ts';

export type LaneCount = {
  readonly name: string;
  readonly bucket: number;
  readonly count: number;
  readonly failed: number;
};

type Lane = Timeline['lanes'][number];

/** More lanes than this are drawn as one. */
const MAX_LANES = 100;
const OTHER_LANES = '(other)';

/** Counts as lanes of equal length, the busiest first; those beyond the limit are summed up as `(other)`, last. */
export function lanesOf(rows: readonly LaneCount[], buckets: number): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const row of rows) {
    let lane = lanes.get(row.name);
    if (lane === undefined) {
      lane = emptyLane(row.name, buckets);
      lanes.set(row.name, lane);
    }
    lane.total += row.count;
    lane.counts[row.bucket] = (lane.counts[row.bucket] ?? 0) + row.count;
    lane.failed[row.bucket] = (lane.failed[row.bucket] ?? 0) + row.failed;
  }
  const sorted = [...lanes.values()].toSorted(
    (a, b) => b.total - a.total || (a.name < b.name ? -1 : 1),
  );
  if (sorted.length <= MAX_LANES) return sorted;
  const shown = sorted.slice(0, MAX_LANES - 1);
  return [...shown, sumOf(sorted.slice(MAX_LANES - 1), buckets)];
}

function sumOf(lanes: readonly Lane[], buckets: number): Lane {
  const sum = emptyLane(OTHER_LANES, buckets);
  for (const lane of lanes) {
    sum.total += lane.total;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      sum.counts[bucket] = (sum.counts[bucket] ?? 0) + (lane.counts[bucket] ?? 0);
      sum.failed[bucket] = (sum.failed[bucket] ?? 0) + (lane.failed[bucket] ?? 0);
    }
  }
  return sum;
}

function emptyLane(name: string, buckets: number): Lane {
  const zeros = () => Array.from({ length: buckets }, () => 0);
  return { name, total: 0, counts: zeros(), failed: zeros() };
}
