import { type Clock } from '../clock.ts';
import { LatencyHistogram } from '../metrics/latencies.ts';
import { RecentLatencies } from '../metrics/rates.ts';
import { type EdgeCounts, type EdgeWindow, TrafficEdge, type TrafficKind } from './traffic-edge.ts';

/** Edges held in memory; what comes beyond is counted on edges named OTHER. */
export const MAX_EDGES = 2_000;
export const OTHER = '(other)';
/** Names that get their own totals for /metrics. */
const MAX_TOTALS = 1_000;
/** An edge that was quiet for this long gives its place away. */
const FORGET_AFTER_MS = 3_600_000;
const FORGET_EVERY_MS = 60_000;

/**
 * Counts traffic as it happens, in memory; the sampler takes the counts once a second. Called on hot paths: no allocation
 * per event beyond the first sight of an edge. Bounded: beyond MAX_EDGES new producers are counted as "(other)".
 */
export type Traffic = {
  /** `count` events of `source` were logged to `topic`. */
  published(source: string, topic: string, count: number): void;
  /** A subscription finished an attempt at an event of `topic`. `sinceRecordedMs`: recorded → handled, null when redelivered. */
  delivered(attempt: {
    readonly subscription: string;
    readonly topic: string;
    readonly outcome: 'handled' | 'failed' | 'dead';
    readonly durationMs: number;
    readonly sinceRecordedMs: number | null;
  }): void;
  /** A handler's publish was logged. */
  emitted(subscription: string, topic: string, count: number): void;
};

/** Counts since the start of the process, for /metrics. */
export type TrafficTotals = {
  readonly published: ReadonlyMap<string, number>;
  readonly deliveries: ReadonlyMap<string, DeliveryTotals>;
  readonly publishToHandled: LatencyHistogram;
};
export type DeliveryTotals = {
  handled: number;
  failed: number;
  dead: number;
  readonly latencies: LatencyHistogram;
};

/** The same counts, as those who read them see them. */
export type TrafficMeter = Traffic & {
  /** What crossed each edge since the last call; only the sampler calls it. */
  takeSecond(): EdgeCounts[];
  /** Every edge known, over the last `seconds` (at most 60). */
  window(seconds: number): {
    readonly edges: readonly EdgeWindow[];
    readonly publishToHandledP95Ms: number | null;
  };
  totals(): TrafficTotals;
};

export function createTraffic(deps: { readonly clock: Clock }): TrafficMeter {
  const { clock } = deps;
  const edges = new EdgeMap();
  const recentPublishToHandled = new RecentLatencies();
  const published = new Map<string, number>();
  const deliveries = new Map<string, DeliveryTotals>();
  const publishToHandled = new LatencyHistogram();

  const countPublished = (topic: string, count: number): void => {
    const name = published.has(topic) || published.size < MAX_TOTALS ? topic : OTHER;
    published.set(name, (published.get(name) ?? 0) + count);
  };

  return {
    published: (source, topic, count) => {
      if (count <= 0) return;
      edges.at('publish', source, topic).add(clock.now(), count);
      countPublished(topic, count);
    },
    emitted: (subscription, topic, count) => {
      if (count <= 0) return;
      edges.at('emit', subscription, topic).add(clock.now(), count);
      countPublished(topic, count);
    },
    delivered: (attempt) => {
      const now = clock.now();
      const edge = edges.at('deliver', attempt.topic, attempt.subscription);
      edge.add(now, 1);
      edge.addLatency(now, attempt.durationMs);
      if (attempt.outcome !== 'handled') edge.addError(now);
      const totals = deliveryTotals(deliveries, attempt.subscription);
      totals[attempt.outcome] += 1;
      totals.latencies.record(attempt.durationMs);
      if (attempt.outcome === 'handled' && attempt.sinceRecordedMs !== null) {
        recentPublishToHandled.record(Math.floor(now / 1_000), attempt.sinceRecordedMs);
        publishToHandled.record(attempt.sinceRecordedMs);
      }
    },
    takeSecond: () => edges.take(clock.now()),
    window: (seconds) => {
      const now = clock.now();
      const latencies = new LatencyHistogram();
      recentPublishToHandled.collect(Math.floor(now / 1_000), seconds, latencies);
      return {
        edges: edges.all().map((edge) => edge.window(now, seconds)),
        publishToHandledP95Ms: latencies.percentile(0.95),
      };
    },
    totals: () => ({ published, deliveries, publishToHandled }),
  };
}

/** Edges by kind, source and target; maps in maps, so that looking one up builds no key. */
class EdgeMap {
  readonly #byKind: Record<TrafficKind, Map<string, Map<string, TrafficEdge>>> = {
    publish: new Map(),
    deliver: new Map(),
    emit: new Map(),
  };
  #size = 0;
  #forgottenMs = 0;

  at(kind: TrafficKind, source: string, target: string): TrafficEdge {
    const known = this.#byKind[kind].get(source)?.get(target);
    if (known !== undefined) return known;
    if (this.#size < MAX_EDGES) return this.#create(kind, source, target);
    return this.#overflow(kind, source, target);
  }

  all(): TrafficEdge[] {
    return Object.values(this.#byKind).flatMap((bySource) =>
      [...bySource.values()].flatMap((byTarget) => [...byTarget.values()]),
    );
  }

  take(nowMs: number): EdgeCounts[] {
    const taken: EdgeCounts[] = [];
    for (const edge of this.all()) {
      const counts = edge.take();
      if (counts !== null) taken.push(counts);
    }
    if (nowMs - this.#forgottenMs >= FORGET_EVERY_MS) this.#forget(nowMs);
    return taken;
  }

  /** Producers are many and interchangeable, topics and subscriptions are not: only the open end is merged. */
  #overflow(kind: TrafficKind, source: string, target: string): TrafficEdge {
    const merged = kind === 'publish' ? ([OTHER, target] as const) : ([source, OTHER] as const);
    const known = this.#byKind[kind].get(merged[0])?.get(merged[1]);
    if (known !== undefined) return known;
    if (this.#size < MAX_EDGES * 2) return this.#create(kind, merged[0], merged[1]);
    return this.#byKind[kind].get(OTHER)?.get(OTHER) ?? this.#create(kind, OTHER, OTHER);
  }

  #create(kind: TrafficKind, source: string, target: string): TrafficEdge {
    const bySource = this.#byKind[kind];
    let byTarget = bySource.get(source);
    if (byTarget === undefined) {
      byTarget = new Map();
      bySource.set(source, byTarget);
    }
    const edge = new TrafficEdge(kind, source, target);
    byTarget.set(target, edge);
    this.#size += 1;
    return edge;
  }

  #forget(nowMs: number): void {
    this.#forgottenMs = nowMs;
    for (const edge of this.all()) {
      if (nowMs - edge.lastSeenMs <= FORGET_AFTER_MS) continue;
      const bySource = this.#byKind[edge.kind];
      bySource.get(edge.source)?.delete(edge.target);
      if (bySource.get(edge.source)?.size === 0) bySource.delete(edge.source);
      this.#size -= 1;
    }
  }
}

function deliveryTotals(all: Map<string, DeliveryTotals>, subscription: string): DeliveryTotals {
  const known = all.get(subscription);
  if (known !== undefined) return known;
  const name = all.size < MAX_TOTALS ? subscription : OTHER;
  const totals = all.get(name) ?? {
    handled: 0,
    failed: 0,
    dead: 0,
    latencies: new LatencyHistogram(),
  };
  all.set(name, totals);
  return totals;
}
