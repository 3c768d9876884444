import { performance } from 'node:perf_hooks';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { type Database } from '#server/storage/database.ts';
import { type Measurement, median } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { preload, SeenNumbers } from './bench-events.ts';
import { type CpuMs, startCpuMeter } from './cpu.ts';

const RUNS = 3;
const EVENTS = 100_000;
const LOOK_EVERY_MS = 2;

type Mode = 'stream' | 'queue';
type Run = {
  readonly handledMs: number;
  readonly storedMs: number;
  readonly repeated: number;
  readonly cpu: CpuMs;
  /** The thread had nothing to do until all were handled: the handler waited for the database. */
  readonly idleMs: number;
};

/**
 * A backlog of 100,000 events from disk to a handler that does nothing, with the settings a consumer has by default (at least once).
 * The time until the last event was handled; `untilStored` also contains the last offset commit.
 */
export async function benchDrain(cluster: BenchCluster): Promise<Measurement[]> {
  const url = await cluster.createDatabase();
  const filling = await openBenchEngine(url);
  await preload(filling.engine.publisher, 'bench', EVENTS);
  await filling.close();
  const measured: Measurement[] = [];
  for (const mode of ['stream', 'queue'] as const) {
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await runOnce(url, mode, run));
    const last = runs.at(-1);
    measured.push({
      name: 'drain',
      system: 'weir',
      parameters: { events: EVENTS, mode, guarantee: 'at-least-once' },
      unit: 'events/s',
      higherIsBetter: true,
      values: runs.map((each) => perSecond(each.handledMs)),
      extra: {
        nodeCpuUsPerEvent: ((last?.cpu.node ?? Number.NaN) * 1_000) / EVENTS,
        nodeIdleUsPerEvent: ((last?.idleMs ?? Number.NaN) * 1_000) / EVENTS,
        postgresCpuUsPerEvent: ((last?.cpu.postgres ?? Number.NaN) * 1_000) / EVENTS,
        untilStoredPerSecond: median(runs.map((each) => perSecond(each.storedMs))),
        repeated: Math.max(...runs.map((each) => each.repeated)),
      },
    });
  }
  return measured;
}

async function runOnce(url: string, mode: Mode, run: number): Promise<Run> {
  const { engine, database, ...opened } = await openBenchEngine(url);
  const seen = new SeenNumbers(EVENTS);
  const name = `drain-${mode}-${run}`;
  let handledMs = Number.NaN;
  let idleMs = Number.NaN;
  const readCpu = await startCpuMeter(database);
  const startedMs = performance.now();
  const loop = performance.eventLoopUtilization();
  await engine.broker.register(
    defineConsumer({
      name,
      description: 'Does nothing',
      version: '1',
      filter: { topics: ['bench'] },
      mode,
      handle: (event) => {
        seen.addId(event.id);
        if (seen.distinct < EVENTS) return;
        handledMs = performance.now() - startedMs;
        idleMs = performance.eventLoopUtilization(loop).idle;
      },
    }),
  );
  while (Number.isNaN(handledMs)) await wait();
  while ((await undone(database, name)) > 0) await wait();
  const storedMs = performance.now() - startedMs;
  const cpu = readCpu();
  seen.requireAll();
  await engine.broker.unregister(name);
  await opened.close();
  return { handledMs, storedMs, repeated: seen.repeated, cpu, idleMs };
}

/** Events that would come again after a crash at this moment. */
async function undone({ pool }: Database, name: string): Promise<number> {
  const { rows } = await pool.query<{ passed: number; claims: number }>(
    `SELECT coalesce((SELECT sum(q.next_offset) FROM queue_cursors q WHERE q.subscription_id = s.id),
                     (SELECT sum(p.committed) FROM subscription_partitions p WHERE p.subscription_id = s.id), 0)::bigint AS passed,
            (SELECT count(*) FROM claims c WHERE c.subscription_id = s.id) AS claims
       FROM subscriptions s WHERE s.name = $1`,
    [name],
  );
  const [row] = rows;
  return row === undefined ? EVENTS : EVENTS - row.passed + row.claims;
}

const perSecond = (ms: number): number => Math.round(EVENTS / (ms / 1_000));

const wait = () =>
  new Promise((resolve) => {
    setTimeout(resolve, LOOK_EVERY_MS);
  });
