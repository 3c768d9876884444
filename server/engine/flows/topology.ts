import { type Subscription } from '#contracts/subscription.ts';
import { type Database } from '#server/storage/database.ts';
import {
  type Resolution,
  selectTrafficSteps,
  type TrafficStepRow,
} from '#server/storage/sample-rows.ts';
import { type Clock } from '../clock.ts';
import { type Broker, type Topics, type TopologyReader } from '../engine-parts.ts';
import { RATE_WINDOW_SECONDS } from '../metrics/rates.ts';
import { assembleTopology } from './assemble-topology.ts';
import { addEdges, edgeOfWindow, type GraphEdge, quietEdge, SPARK_STEPS } from './graph-edge.ts';
import { type TrafficMeter } from './traffic.ts';
import { coveredSeconds, type EdgeWindow } from './traffic-edge.ts';

const SUBSCRIPTIONS_FRESH_MS = 1_000;
const LATEST_FRESH_MS = 1_000;
const SEEN_FRESH_MS = 30_000;
const SEEN_SECONDS = 3_600;
const MAX_WINDOW_SECONDS = 90 * 24 * 3_600;
const MAX_STEP_ROWS = 200_000;

type TopologyDependencies = {
  readonly traffic: Pick<TrafficMeter, 'window'>;
  readonly broker: Pick<Broker, 'list'>;
  readonly topics: Pick<Topics, 'all'>;
  readonly database: Pick<Database, 'pool'>;
  readonly clock: Clock;
  /** Other servers count traffic too. */
  readonly othersAlive: () => boolean;
};

/**
 * The graph seen in real traffic. Windows up to 60 s come from memory, longer ones from the samples, to which every server adds
 * its counts: while others are alive the short windows come from there too, with percentiles of this server's deliveries where
 * it has some. Edges of the last hour stay in the picture with rate 0 when they are quiet. What costs a query is cached for about
 * a second.
 */
export function createTopologyReader(deps: TopologyDependencies): TopologyReader {
  const { traffic, broker, topics, database, clock } = deps;
  const subscriptions = cached<readonly Subscription[]>(clock, SUBSCRIPTIONS_FRESH_MS, () =>
    broker.list(),
  );
  const seenLately = cached<readonly GraphEdge[]>(clock, SEEN_FRESH_MS, async () => {
    const edges = await readSamples(database, clock.now(), SEEN_SECONDS);
    return edges
      .filter((edge) => edge.kind !== 'deliver')
      .map((edge) => quietEdge(edge.kind, edge.source, edge.target, edge.lastSeenMs));
  });

  const lastMinute = cached(clock, LATEST_FRESH_MS, () => readLastMinute(database, clock.now()));
  const latest = async (seconds: number, ours: readonly EdgeWindow[]): Promise<GraphEdge[]> => {
    const latencies = new Map(ours.map((edge) => [keyOf(edge), edge.latencies]));
    const edges = sumOf((await lastMinute()).map((row) => edgeOfSecond(row, seconds)));
    return edges.map((edge) => ({ ...edge, latencies: latencies.get(keyOf(edge)) ?? null }));
  };

  return {
    topology: async (windowSeconds) => {
      const nowMs = clock.now();
      const seconds = Math.min(Math.max(Math.ceil(windowSeconds), 1), MAX_WINDOW_SECONDS);
      const recent = traffic.window(Math.min(seconds, RATE_WINDOW_SECONDS));
      const isShort = seconds <= RATE_WINDOW_SECONDS;
      const isAlone = isShort && !deps.othersAlive();
      const sampled = () =>
        isShort ? latest(seconds, recent.edges) : readSamples(database, nowMs, seconds);
      const measured = isAlone ? recent.edges.map(edgeOfWindow) : await sampled();
      return assembleTopology({
        at: new Date(nowMs).toISOString(),
        windowSeconds: seconds,
        coveredSeconds: isAlone ? coveredSeconds(nowMs, seconds) : seconds,
        edges: [...measured, ...(await seenLately())],
        topics: topics.all(),
        subscriptions: await subscriptions(),
        publishToHandledP95Ms: recent.publishToHandledP95Ms,
      });
    },
  };
}

/** Traffic of the last `seconds` from the samples, with a spark of 60 steps. */
async function readSamples(
  database: Pick<Database, 'pool'>,
  nowMs: number,
  seconds: number,
): Promise<GraphEdge[]> {
  const stepSeconds = seconds / SPARK_STEPS;
  const rows = await selectTrafficSteps(database.pool, {
    resolution: resolutionFor(seconds),
    after: new Date(nowMs - seconds * 1_000).toISOString(),
    stepSeconds,
    limit: MAX_STEP_ROWS,
  });
  return sumOf(rows.map((row) => edgeOfStep(row, seconds, stepSeconds)));
}

/** A step per second. A second's counts are written when it is over, under the name of the next. */
function readLastMinute(
  database: Pick<Database, 'pool'>,
  nowMs: number,
): Promise<readonly TrafficStepRow[]> {
  const firstMs = nowMs - (nowMs % 1_000) - (SPARK_STEPS - 1) * 1_000;
  return selectTrafficSteps(database.pool, {
    resolution: 1,
    after: new Date(firstMs).toISOString(),
    stepSeconds: 1,
    limit: MAX_STEP_ROWS,
  });
}

/** Every second of the minute shows in the spark, the last `seconds` of it in the counts. */
function edgeOfSecond(row: TrafficStepRow, seconds: number): GraphEdge {
  const edge = edgeOfStep(row, seconds, 1);
  const isInside = row.step >= SPARK_STEPS - seconds;
  return isInside ? edge : { ...edge, count: 0, errors: 0, rate: 0, p95Ms: null };
}

function sumOf(parts: readonly GraphEdge[]): GraphEdge[] {
  const edges = new Map<string, GraphEdge>();
  for (const part of parts) {
    const key = keyOf(part);
    const known = edges.get(key);
    edges.set(key, known === undefined ? part : addEdges(known, part));
  }
  return [...edges.values()];
}

const keyOf = ({ kind, source, target }: Pick<GraphEdge, 'kind' | 'source' | 'target'>): string =>
  JSON.stringify([kind, source, target]);

function edgeOfStep(row: TrafficStepRow, seconds: number, stepSeconds: number): GraphEdge {
  const spark = Array.from({ length: SPARK_STEPS }, () => 0);
  spark[Math.min(Math.max(row.step, 0), SPARK_STEPS - 1)] = row.count / stepSeconds;
  return {
    kind: row.kind,
    source: row.source,
    target: row.target,
    count: row.count,
    errors: row.errors,
    rate: row.count / seconds,
    latencies: null,
    p95Ms: row.p95Ms,
    lastSeenMs: row.lastAtMs,
    spark,
  };
}

/** Seconds for a quarter of an hour, minutes for three days, then hours. */
function resolutionFor(seconds: number): Resolution {
  if (seconds <= 900) return 1;
  return seconds <= 3 * 86_400 ? 60 : 3_600;
}

/** One reading at a time, shared by all who ask while it is fresh. A failed one is not kept. */
function cached<Value>(
  clock: Clock,
  freshMs: number,
  read: () => Promise<Value>,
): () => Promise<Value> {
  let reading: Promise<Value> | null = null;
  let readMs = 0;
  return () => {
    if (reading !== null && clock.monotonicMs() - readMs < freshMs) return reading;
    readMs = clock.monotonicMs();
    const started = read();
    reading = started;
    started.catch(() => {
      if (reading === started) reading = null;
    });
    return started;
  };
}
