import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { benchEvent, readThrough, SeenNumbers } from './bench-events.ts';
import { startCpuMeter } from './cpu.ts';

const RUNS = 3;
const WARM_UP_MS = 1_000;
const RUN_MS = 3_000;

const LOADS = [
  { writers: 1, batch: 1 },
  { writers: 16, batch: 1 },
  { writers: 64, batch: 1 },
  { writers: 256, batch: 1 },
  { writers: 4, batch: 100 },
] as const;

type Load = (typeof LOADS)[number];

/** Durable publishes in the engine, closed loop. Counted only when the log afterwards holds every acknowledged id. */
export async function benchAppend(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const load of LOADS) {
    const runs: Awaited<ReturnType<typeof runOnce>>[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await runOnce(cluster, load));
    measured.push({
      name: load.batch === 1 ? 'single durable publish' : 'batches',
      system: 'weir',
      parameters: load,
      unit: 'events/s',
      higherIsBetter: true,
      values: runs.map((run) => run.perSecond),
      extra: runs.at(-1)?.extra ?? {},
    });
  }
  return measured;
}

async function runOnce(cluster: BenchCluster, load: Load) {
  const opened = await openBenchEngine(await cluster.createDatabase());
  const { engine, database } = opened;
  try {
    const latencies: number[] = [];
    let sequence = 0;
    let until = performance.now() + WARM_UP_MS;
    const write = async () => {
      while (performance.now() < until) {
        const inputs = Array.from({ length: load.batch }, () => benchEvent(sequence++));
        const startedMs = performance.now();
        await engine.publisher.publish({ topic: 'bench', inputs, batch: true });
        latencies.push(performance.now() - startedMs);
      }
    };
    const writeAll = () => Promise.all(Array.from({ length: load.writers }, write));
    await writeAll();
    const first = sequence;
    latencies.length = 0;
    const readCpu = await startCpuMeter(database);
    const startedMs = performance.now();
    until = startedMs + RUN_MS;
    await writeAll();
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpu = readCpu();
    const count = sequence - first;
    await readThrough(engine.log, new SeenNumbers(sequence));
    latencies.sort((a, b) => a - b);
    return {
      perSecond: Math.round(count / seconds),
      extra: {
        p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
        p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
        nodeCpuUsPerEvent: (cpu.node * 1_000) / count,
        postgresCpuUsPerEvent: (cpu.postgres * 1_000) / count,
      },
    };
  } finally {
    await opened.close();
  }
}
