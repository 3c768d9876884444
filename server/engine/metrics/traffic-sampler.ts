import { type Database } from '#server/storage/database.ts';
import {
  deleteTrafficSamples,
  insertTrafficSamples,
  type Resolution,
  rollUpTrafficSamples,
} from '#server/storage/sample-rows.ts';
import { type Clock } from '../clock.ts';
import { type TrafficMeter } from '../flows/traffic.ts';
import { type EdgeCounts } from '../flows/traffic-edge.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';

const SAMPLE_MS = 1_000;
const KEEP_HOUSE_EVERY_MS = 60_000;
/** Edges that wait while the database is away; counts of further ones are lost. */
const MAX_WAITING_EDGES = 5_000;
const SWEEP_BATCH = 5_000;
const MAX_SWEEP_BATCHES = 20;
const HOUR_MS = 3_600_000;
/** What other processes counted comes this late at most, or is left out of the roll-up. */
const LATE_MS = 5_000;
/** Seconds are kept for two hours, minutes for fourteen days, hours for ever. */
const KEPT: readonly { readonly resolution: Resolution; readonly forMs: number }[] = [
  { resolution: 1, forMs: 2 * HOUR_MS },
  { resolution: 60, forMs: 14 * 24 * HOUR_MS },
];

type SamplerDependencies = {
  readonly database: Pick<Database, 'pool'>;
  readonly traffic: Pick<TrafficMeter, 'takeSecond'>;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type TrafficSampler = Service & {
  /** One second's work; the service calls it once a second. */
  sampleOnce(): Promise<void>;
  /** Rolls up and sweeps; the service calls it once a minute. */
  keepHouse(): Promise<void>;
};

/**
 * Writes what the traffic meter counted, once a second, one statement for all edges. While the database is away the counts
 * are added up and written with the first second that can be written again: the sums stay right, their times do not.
 */
export function createTrafficSampler(deps: SamplerDependencies): TrafficSampler {
  const { database, traffic, clock, logger } = deps;
  const waiting = new Map<string, EdgeCounts>();
  let abort = new AbortController();
  let running: Promise<void> | null = null;
  let isFailing = false;

  const sampleOnce = async (): Promise<void> => {
    for (const edge of traffic.takeSecond()) merge(waiting, edge);
    const rows = [...waiting.values()];
    if (rows.length === 0) return;
    await insertTrafficSamples(database.pool, new Date(clock.now()).toISOString(), rows);
    waiting.clear();
  };

  const keepHouse = async (): Promise<void> => {
    const nowMs = clock.now();
    const now = new Date(nowMs - LATE_MS).toISOString();
    await rollUpTrafficSamples(database.pool, { from: 1, to: 60, now });
    await rollUpTrafficSamples(database.pool, { from: 60, to: 3_600, now });
    for (const { resolution, forMs } of KEPT) {
      const before = new Date(nowMs - forMs).toISOString();
      for (let batch = 0; batch < MAX_SWEEP_BATCHES; batch += 1) {
        const gone = await deleteTrafficSamples(database.pool, resolution, before, SWEEP_BATCH);
        if (gone < SWEEP_BATCH) break;
      }
    }
  };

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      isFailing = false;
    } catch (error) {
      // Once per outage: the next second tries again, and nothing is lost but its time.
      if (!isFailing) logger.warn({ err: error }, 'traffic could not be written; it is kept');
      isFailing = true;
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let houseKeptMs = 0;
    while (!signal.aborted) {
      await clock.sleep(SAMPLE_MS - (clock.now() % SAMPLE_MS), signal);
      await attempt(sampleOnce);
      if (signal.aborted || clock.monotonicMs() - houseKeptMs < KEEP_HOUSE_EVERY_MS) continue;
      houseKeptMs = clock.monotonicMs();
      await attempt(keepHouse);
    }
  };

  return {
    name: 'traffic sampler',
    sampleOnce,
    keepHouse,
    start: async () => {
      abort = new AbortController();
      running ??= run(abort.signal);
    },
    stop: async () => {
      abort.abort();
      await running;
      running = null;
    },
  };
}

function merge(waiting: Map<string, EdgeCounts>, edge: EdgeCounts): void {
  const key = JSON.stringify([edge.kind, edge.source, edge.target]);
  const known = waiting.get(key);
  if (known === undefined) {
    if (waiting.size < MAX_WAITING_EDGES) waiting.set(key, edge);
    return;
  }
  const p95s = [known.p95Ms, edge.p95Ms].filter((p95) => p95 !== null);
  waiting.set(key, {
    ...edge,
    count: known.count + edge.count,
    errors: known.errors + edge.errors,
    p95Ms: p95s.length === 0 ? null : Math.max(...p95s),
  });
}
