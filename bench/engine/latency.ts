import { fork } from 'node:child_process';
import { once } from 'node:events';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { benchEvent, SeenNumbers } from './bench-events.ts';
import { type CpuMs, startCpuMeter } from './cpu.ts';
import { pace } from './pacer.ts';

const RUNS = 3;
const WARM_UP_SECONDS = 2;
const SECONDS = 8;
const SETTLE_MS = 10_000;
const CONSUMER = 'latency';

const LOADS = [
  { perSecond: 500, processes: 1 },
  { perSecond: 500, processes: 2 },
  { perSecond: 5_000, processes: 1 },
] as const;

type Load = (typeof LOADS)[number];
type Run = { readonly latencies: readonly number[]; readonly cpu: CpuMs; readonly events: number };
/** Where handled events are noted: in this process, or in another. */
type Receiver = {
  /** When each event was handled, by sequence, on this process's clock; waits until all `count` were. */
  handled(count: number): Promise<readonly number[]>;
  stop(): Promise<void>;
};

/**
 * Publish → handler at a fixed rate: from the moment an event was due to be sent (not from when the generator came to it) until the
 * handler is called. With two processes one publishes and the other handles, each with an engine of its own.
 */
export async function benchLatency(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const load of LOADS) {
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await runOnce(cluster, load));
    const last = runs.at(-1);
    const shared = { system: 'weir', parameters: load, unit: 'ms', higherIsBetter: false };
    const percentiles = (share: number) => runs.map((run) => percentile(run.latencies, share));
    measured.push({
      ...shared,
      name: 'publish → handler p50',
      values: percentiles(0.5),
      extra: {
        publisherCpuUsPerEvent: ((last?.cpu.node ?? Number.NaN) * 1_000) / (last?.events ?? 1),
        postgresCpuUsPerEvent: ((last?.cpu.postgres ?? Number.NaN) * 1_000) / (last?.events ?? 1),
      },
    });
    measured.push({ ...shared, name: 'publish → handler p99', values: percentiles(0.99) });
  }
  return measured;
}

async function runOnce(cluster: BenchCluster, load: Load): Promise<Run> {
  const url = await cluster.createDatabase();
  const { engine, database, ...opened } = await openBenchEngine(url);
  await engine.topics.ensure('bench');
  const receiver = load.processes === 1 ? await receiveHere(engine) : await receiveElsewhere(url);
  const dueAt: number[] = [];
  const warmUp = WARM_UP_SECONDS * load.perSecond;
  const publishFor = async (seconds: number) => {
    const first = dueAt.length;
    const publishing: Promise<unknown>[] = [];
    await pace({ perSecond: load.perSecond, seconds }, (tick, dueMs) => {
      dueAt[first + tick] = dueMs;
      const inputs = [benchEvent(first + tick)];
      publishing.push(engine.publisher.publish({ topic: 'bench', inputs, batch: false }));
    });
    await Promise.all(publishing);
  };
  await publishFor(WARM_UP_SECONDS);
  const readCpu = await startCpuMeter(database);
  await publishFor(SECONDS);
  const cpu = readCpu();
  const handledAt = await receiver.handled(dueAt.length);
  await receiver.stop();
  await opened.close();
  const latencies = dueAt.map((dueMs, sequence) => (handledAt[sequence] ?? Number.NaN) - dueMs);
  return {
    latencies: latencies.slice(warmUp).toSorted((a, b) => a - b),
    cpu,
    events: SECONDS * load.perSecond,
  };
}

type Engine = Awaited<ReturnType<typeof openBenchEngine>>['engine'];

/** Registers the consumer; what it handled is in `at`, by sequence. */
async function registerConsumer(engine: Engine, at: number[]): Promise<void> {
  await engine.broker.register(
    defineConsumer({
      name: CONSUMER,
      description: 'Notes when it is called',
      version: '1',
      filter: { topics: ['bench'] },
      handle: (event) => {
        at[Number(event.id.slice(2))] ??= performance.now();
      },
    }),
  );
}

async function receiveHere(engine: Engine): Promise<Receiver> {
  const at: number[] = [];
  await registerConsumer(engine, at);
  return {
    handled: async (count) => {
      await untilComplete(at, count);
      return at;
    },
    stop: () => engine.broker.unregister(CONSUMER),
  };
}

async function receiveElsewhere(url: string): Promise<Receiver> {
  const child = fork(import.meta.filename, [url], { serialization: 'advanced' });
  await once(child, 'message');
  return {
    handled: async (count) => {
      const answer = once(child, 'message');
      child.send(count);
      const [message]: unknown[] = await answer;
      if (!(message instanceof Float64Array)) throw new Error('the other process gave no times');
      return Array.from(message, (ms) => ms - performance.timeOrigin);
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.send('stop');
      await ended;
    },
  };
}

async function untilComplete(at: readonly number[], count: number): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_MS;
  const seen = new SeenNumbers(count);
  while (performance.now() < deadlineMs && at.filter((ms) => ms > 0).length < count)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  for (const sequence of at.keys()) if (at[sequence] !== undefined) seen.addId(`e-${sequence}`);
  seen.requireAll();
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

// As the other process: consumes until it is told to stop. Both clocks count from the same epoch.
if (import.meta.main) {
  const { engine, ...opened } = await openBenchEngine(process.argv[2] ?? '', 'bench-2');
  const at: number[] = [];
  await registerConsumer(engine, at);
  const answer = async (message: unknown) => {
    if (message === 'stop') {
      await opened.close();
      process.disconnect();
      return;
    }
    await untilComplete(at, Number(message));
    process.send?.(Float64Array.from(at, (ms) => ms + performance.timeOrigin));
  };
  process.on('message', (message) => void answer(message));
  process.send?.('ready');
}
