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
import { coveredSeconds } from './traffic-edge.ts';

const SUBSCRIPTIONS_FRESH_MS = 1_000;
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
};

/**
 * The graph seen in real traffic. Windows up to 60 s come from memory, longer ones from the samples; edges of the last hour
 * stay in the picture with rate 0 when they are quiet. What costs a query is cached for about a second.
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

  return {
    topology: async (windowSeconds) => {
      const nowMs = clock.now();
      const seconds = Math.min(Math.max(Math.ceil(windowSeconds), 1), MAX_WINDOW_SECONDS);
      const recent = traffic.window(Math.min(seconds, RATE_WINDOW_SECONDS));
      const isRecent = seconds <= RATE_WINDOW_SECONDS;
      const measured = isRecent
        ? recent.edges.map(edgeOfWindow)
        : await readSamples(database, nowMs, seconds);
      return assembleTopology({
        at: new Date(nowMs).toISOString(),
        windowSeconds: seconds,
        coveredSeconds: isRecent ? coveredSeconds(nowMs, seconds) : seconds,
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
  const edges = new Map<string, GraphEdge>();
  for (const row of rows) {
    const key = JSON.stringify([row.kind, row.source, row.target]);
    const edge = edgeOfStep(row, seconds, stepSeconds);
    const known = edges.get(key);
    edges.set(key, known === undefined ? edge : addEdges(known, edge));
  }
  return [...edges.values()];
}

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
