import { type Engine } from '#server/engine/engine.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { benchEvent, preload } from './bench-events.ts';

const RUNS = 5;
/** Read before the clock counts: what is measured is a server that has been running. */
const WARM_UP_READS = 5;
const EVENTS = 10_000;
const APPEND_BATCH = 500;
const OTHER_EVENTS = 50_000;
const STREAM = 'bench-0000001';

/** A stream of 10,000 events among others, read whole and parsed in one call of the engine's reader. */
export async function benchStreamRead(cluster: BenchCluster): Promise<Measurement[]> {
  const url = await cluster.createDatabase();
  const { engine, ...opened } = await openBenchEngine(url);
  await preload(engine.publisher, 'other', OTHER_EVENTS);
  for (let from = 0; from < EVENTS; from += APPEND_BATCH) {
    const inputs = Array.from({ length: APPEND_BATCH }, (_, index) =>
      benchEvent(OTHER_EVENTS + from + index),
    );
    await engine.publisher.appendToStream({ streamId: STREAM, expectedVersion: from, inputs });
  }
  for (let read = 0; read < WARM_UP_READS; read += 1) await readOnce(engine);
  const values: number[] = [];
  for (let run = 0; run < RUNS; run += 1) values.push(await readOnce(engine));
  await opened.close();
  return [
    {
      name: 'stream read',
      system: 'weir',
      parameters: { events: EVENTS },
      unit: 'ms',
      higherIsBetter: false,
      values,
    },
  ];
}

async function readOnce(engine: Engine): Promise<number> {
  const seen = new Set<string>();
  const startedMs = performance.now();
  const page = await engine.reader.stream(STREAM, { direction: 'forward', limit: EVENTS });
  let sum = 0;
  for (const event of page.items) {
    const { data } = event;
    if (typeof data === 'object' && data !== null && 'sequence' in data)
      sum += Number(data.sequence);
  }
  const tookMs = performance.now() - startedMs;
  if (sum !== EVENTS * OTHER_EVENTS + (EVENTS * (EVENTS - 1)) / 2)
    throw new Error('the payloads are not those written');
  for (const [index, event] of page.items.entries()) {
    if (event.version !== index + 1) throw new Error(`version ${event.version} is out of place`);
    seen.add(event.id);
  }
  if (seen.size !== EVENTS) throw new Error(`${seen.size} events of ${EVENTS} were read`);
  return tookMs;
}
