import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster, type BenchEngine, openBenchEngine } from './bench-cluster.ts';
import { preload, SeenNumbers } from './bench-events.ts';

const RUNS = 3;
const EVENTS = 200_000;
const OPERATION_EVENTS = 50_000;
const TARGET = 'replayed';
const LOOK_EVERY_MS = 5;

/** Both meanings of replay: a range read into a projection that counts, and the operation that hands a range to a subscription again. */
export async function benchReplay(cluster: BenchCluster): Promise<Measurement[]> {
  const url = await cluster.createDatabase();
  const filling = await openBenchEngine(url);
  await preload(filling.engine.publisher, 'bench', EVENTS);
  await filling.close();
  const projected: number[] = [];
  const operated: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const opened = await openBenchEngine(url);
    projected.push(await project(opened));
    operated.push(await operate(opened));
    await opened.close();
  }
  const measured = { system: 'weir', unit: 'events/s', higherIsBetter: true } as const;
  return [
    {
      ...measured,
      name: 'replay into a counting projection',
      parameters: { events: EVENTS },
      values: projected,
    },
    {
      ...measured,
      name: 'replay operation to a subscription',
      parameters: { events: OPERATION_EVENTS },
      values: operated,
    },
  ];
}

async function project({ engine }: BenchEngine): Promise<number> {
  const seen = new SeenNumbers(EVENTS);
  const counts = new Map<string, number>();
  const startedMs = performance.now();
  const pages = engine.reader.scan(
    { topic: ['bench'], direction: 'forward', timeField: 'time' },
    new AbortController().signal,
  );
  for await (const page of pages) {
    for (const record of page) {
      seen.addId(record.id);
      const count = counts.get(record.subject ?? '') ?? 0;
      counts.set(record.subject ?? '', count + 1);
    }
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  seen.requireAll();
  return Math.round(EVENTS / seconds);
}

async function operate({ engine }: BenchEngine): Promise<number> {
  let seen = new SeenNumbers(EVENTS);
  await engine.broker.register(
    defineConsumer({
      name: TARGET,
      description: 'Counts',
      version: '1',
      filter: { topics: ['bench'] },
      start: 'latest',
      handle: (event) => seen.addId(event.id),
    }),
  );
  seen = new SeenNumbers(EVENTS);
  const range = { fromPosition: 1, toPosition: OPERATION_EVENTS };
  const { total } = await engine.reader.summarise({ ...range, filter: { topic: ['bench'] } });
  const startedMs = performance.now();
  const operation = await engine.operations.replay(
    { from: 1, to: OPERATION_EVENTS, filter: {}, target: { subscription: TARGET }, dryRun: false },
    'bench',
  );
  if (!('id' in operation)) throw new Error('no operation was made');
  while ((await engine.operations.get(operation.id)).state !== 'done')
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  const seconds = (performance.now() - startedMs) / 1_000;
  if (seen.distinct !== total) throw new Error(`${seen.distinct} of ${total} were replayed`);
  await engine.broker.unregister(TARGET);
  return Math.round(total / seconds);
}
