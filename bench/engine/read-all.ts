import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { preload, READ_PAGE, readThrough, SeenNumbers } from './bench-events.ts';
import { startCpuMeter } from './cpu.ts';

const RUNS = 3;
const EVENTS = 300_000;

/** `EventLog.readAfter` from 0 to the end, from disk: each run has an engine that was just started. */
export async function benchReadAll(cluster: BenchCluster): Promise<Measurement[]> {
  const url = await cluster.createDatabase();
  const filling = await openBenchEngine(url);
  await preload(filling.engine.publisher, 'bench', EVENTS);
  await filling.close();
  const runs: { perSecond: number; cpu: { node: number; postgres: number } }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { engine, database, ...opened } = await openBenchEngine(url);
    const seen = new SeenNumbers(EVENTS);
    const readCpu = await startCpuMeter(database);
    const startedMs = performance.now();
    const read = await readThrough(engine.log, seen);
    const seconds = (performance.now() - startedMs) / 1_000;
    runs.push({ perSecond: Math.round(read / seconds), cpu: readCpu() });
    await opened.close();
  }
  const last = runs.at(-1)?.cpu;
  return [
    {
      name: 'read all',
      system: 'weir',
      parameters: { events: EVENTS, page: READ_PAGE },
      unit: 'events/s',
      higherIsBetter: true,
      values: runs.map((run) => run.perSecond),
      extra: {
        nodeCpuUsPerEvent: ((last?.node ?? Number.NaN) * 1_000) / EVENTS,
        postgresCpuUsPerEvent: ((last?.postgres ?? Number.NaN) * 1_000) / EVENTS,
      },
    },
  ];
}
