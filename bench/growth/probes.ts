import { randomUUID } from 'node:crypto';
import { selectEventsAt, selectPartitions } from '#server/storage/log-rows.ts';
import { type BenchEngine } from '../engine/bench-cluster.ts';
import { median } from '../measurement.ts';
import { growthEvent, PLAIN_TOPIC, STREAM_EVENTS, streamAt } from './fill.ts';

/** A log of a known size, and how to draw a place in it. */
export type GrownLog = BenchEngine & { readonly size: number; readonly random: () => number };

export type Probe = {
  readonly name: string;
  /** Milliseconds of each repetition. */
  run(log: GrownLog): Promise<number[]>;
};

const PUBLISHES = 200;
const CROWD = 16;
const CROWD_PUBLISHES = 40;
const BATCHES = 30;
const BATCH = 500;
const DUPLICATES = 100;
const STREAM_READS = 60;
const FETCHES = 40;
const FETCH_EVENTS = 500;
const FETCH_BYTES = 4 * 1_048_576;
const DRAWN_SHARE = 0.75;
const DRAWN_PER_WANTED = 2;

/** What is measured at every size, each through the function the engine itself uses. */
export const PROBES: readonly Probe[] = [
  { name: 'publish', run: publish },
  { name: 'publish, 16 writers', run: publishCrowd },
  { name: `publish ${BATCH} at once`, run: publishBatch },
  { name: 'publish, random ids', run: publishForeignIds },
  { name: 'publish a known id', run: publishKnown },
  { name: `read a stream of ${STREAM_EVENTS}`, run: (log) => readStreams(log, 'first') },
  { name: `read a stream of ${STREAM_EVENTS} again`, run: (log) => readStreams(log, 'again') },
  { name: `fetch ${FETCH_EVENTS} of a partition`, run: fetchPartition },
];

/** The middle of one round of a probe, in milliseconds. */
export async function runProbe(probe: Probe, log: GrownLog): Promise<number> {
  return median(await probe.run(log));
}

function publish({ engine }: GrownLog): Promise<number[]> {
  return repeat(PUBLISHES, (index) => {
    const inputs = [growthEvent(index)];
    return engine.publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: false });
  });
}

async function publishCrowd({ engine }: GrownLog): Promise<number[]> {
  const writers = Array.from({ length: CROWD }, (_, writer) =>
    repeat(CROWD_PUBLISHES, (index) => {
      const inputs = [growthEvent(writer * CROWD_PUBLISHES + index)];
      return engine.publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: false });
    }),
  );
  return (await Promise.all(writers)).flat();
}

function publishBatch({ engine }: GrownLog): Promise<number[]> {
  return repeat(BATCHES, () => {
    const inputs = Array.from({ length: BATCH }, (_, index) => growthEvent(index));
    return engine.publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: true });
  });
}

/** Ids that come from elsewhere are no neighbours in the index: each lands on another of its pages. */
function publishForeignIds({ engine }: GrownLog): Promise<number[]> {
  return repeat(PUBLISHES, (index) => {
    const { attributes, payload } = growthEvent(index);
    const inputs = [{ attributes: { ...attributes, id: randomUUID() }, payload }];
    return engine.publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: false });
  });
}

async function publishKnown(log: GrownLog): Promise<number[]> {
  const known = await drawEvents(log, DUPLICATES);
  return repeat(known.length, async (index) => {
    const id = known[index]?.event_id ?? '';
    const { attributes, payload } = growthEvent(index);
    const [receipt] = await log.engine.publisher.publish({
      topic: PLAIN_TOPIC,
      inputs: [{ attributes: { ...attributes, id }, payload }],
      batch: false,
    });
    if (receipt?.duplicate !== true) throw new Error(`${id} was not recognised as a duplicate`);
  });
}

/** Any stream: in a large log its pages lie outside Postgres's own cache; read again they are in it. */
function readStreams(
  { engine, size, random }: GrownLog,
  which: 'first' | 'again',
): Promise<number[]> {
  const read = async (streamId: string) => {
    const query = { direction: 'forward', limit: STREAM_EVENTS } as const;
    const { items } = await engine.reader.stream(streamId, query);
    if (items.length !== STREAM_EVENTS) throw new Error(`${streamId} has ${items.length} events`);
  };
  const streams = Array.from({ length: STREAM_READS }, () => streamAt(size, random()));
  const readOne = (index: number) => read(streams[index] ?? '');
  return repeat(STREAM_READS, readOne, which === 'again' ? readOne : undefined);
}

/** As a consumer that is behind fetches: by offset, with the position it stands at. Past the tail cache, which holds all of a small log. */
async function fetchPartition(log: GrownLog): Promise<number[]> {
  const from = await drawEvents(log, FETCHES);
  return repeat(from.length, async (index) => {
    const place = from[index];
    if (place === undefined) return;
    const cursor = {
      topicId: place.topic_id,
      partition: place.partition,
      offset: place.offset,
      position: place.position,
    };
    const bound = { limit: FETCH_EVENTS, maxBytes: FETCH_BYTES };
    const rows = await selectPartitions(log.database.pool, [cursor], bound);
    if (rows.length !== FETCH_EVENTS) throw new Error(`fetched ${rows.length} events`);
  });
}

/** Plain events from anywhere in the first three quarters of the log: what follows each in its partition fills a page. */
async function drawEvents({ engine, database, size, random }: GrownLog, count: number) {
  const topic = engine.topics.find(PLAIN_TOPIC)?.id;
  const positions = Array.from({ length: count * DRAWN_PER_WANTED }, () =>
    Math.ceil(random() * size * DRAWN_SHARE),
  );
  const rows = await selectEventsAt(database.pool, positions);
  return rows.filter((row) => row.topic_id === topic).slice(0, count);
}

/** Milliseconds of each repetition, without what comes before it. */
async function repeat(
  count: number,
  work: (index: number) => Promise<unknown>,
  before?: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const timesMs: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await before?.(index);
    const startMs = performance.now();
    await work(index);
    timesMs.push(performance.now() - startMs);
  }
  return timesMs;
}
