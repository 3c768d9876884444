import { LatencyHistogram } from '../metrics/latencies.ts';
import { type EdgeWindow, type TrafficKind } from './traffic-edge.ts';

export const SPARK_STEPS = 60;

/** One edge over a window, whichever of memory and database it was read from. */
export type GraphEdge = {
  readonly kind: TrafficKind;
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly errors: number;
  readonly rate: number;
  /** Present when the window is in memory. */
  readonly latencies: LatencyHistogram | null;
  readonly p95Ms: number | null;
  /** 0 when never. */
  readonly lastSeenMs: number;
  readonly spark: readonly number[];
};

export function quietEdge(
  kind: TrafficKind,
  source: string,
  target: string,
  lastSeenMs = 0,
): GraphEdge {
  return {
    kind,
    source,
    target,
    count: 0,
    errors: 0,
    rate: 0,
    latencies: null,
    p95Ms: null,
    lastSeenMs,
    spark: [],
  };
}

export function edgeOfWindow(window: EdgeWindow): GraphEdge {
  return { ...window, p95Ms: window.latencies?.percentile(0.95) ?? null };
}

/** Two views of one edge, or what flows through a node: counts and rates add up. */
export function addEdges(one: GraphEdge, two: GraphEdge): GraphEdge {
  const count = one.count + two.count;
  const latencies = addLatencies(one.latencies, two.latencies);
  return {
    kind: one.kind,
    source: one.source,
    target: one.target,
    count,
    errors: one.errors + two.errors,
    rate: one.rate + two.rate,
    latencies,
    p95Ms: latencies?.percentile(0.95) ?? weightedP95(one, two),
    lastSeenMs: Math.max(one.lastSeenMs, two.lastSeenMs),
    spark: addSparks(one.spark, two.spark),
  };
}

function addLatencies(
  one: LatencyHistogram | null,
  two: LatencyHistogram | null,
): LatencyHistogram | null {
  if (one === null || two === null) return one ?? two;
  const sum = new LatencyHistogram();
  sum.add(one);
  sum.add(two);
  return sum;
}

function weightedP95(one: GraphEdge, two: GraphEdge): number | null {
  if (one.p95Ms === null || two.p95Ms === null) return one.p95Ms ?? two.p95Ms;
  const weight = one.count + two.count;
  return weight === 0 ? null : (one.p95Ms * one.count + two.p95Ms * two.count) / weight;
}

function addSparks(one: readonly number[], two: readonly number[]): readonly number[] {
  if (one.length === 0) return two;
  if (two.length === 0) return one;
  return one.map((rate, step) => rate + (two[step] ?? 0));
}
