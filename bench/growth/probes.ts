import { randomUUID } from 'node:crypto';
import { type EventInput } from '#server/engine/engine-parts.ts';
import { type EventRow } from '#server/storage/event-columns.ts';
import { selectEventsAt, selectPartitions } from '#server/storage/log-rows.ts';
import { type BenchEngine } from '../engine/bench-cluster.ts';
import { median } from '../measurement.ts';
import { growthEvent, PLAIN_TOPIC, STREAM_EVENTS, streamAt } from './fill.ts';

/** A log of a known size, and how to draw a place in it. */
export type GrownLog = BenchEngine & { readonly size: number; readonly random: () => number };

type FetchCursor = Parameters<typeof selectPartitions>[1][number];

/** One operation, to be repeated; what comes before it is not timed. */
export type ProbeRun = {
  readonly before?: (index: number) => Promise<unknown>;
  readonly run: (index: number) => Promise<unknown>;
};

export type Probe = {
  readonly name: string;
  /** Operations in a round. */
  readonly count: number;
  /** Draws what a round needs. */
  readonly open: (log: GrownLog) => Promise<ProbeRun>;
};

const PUBLISHES = 200;
const CROWD = 16;
const CROWDS = 60;
const BATCHES = 30;
const BATCH = 500;
const DUPLICATES = 100;
const STREAM_READS = 60;
const FETCHES = 40;
const FETCH_EVENTS = 500;
/** Events among which every partition has one. */
const NEARBY = 1_000;
const FETCH_BYTES = 4 * 1_048_576;
const DRAWN_SHARE = 0.75;
const DRAWN_PER_WANTED = 2;

/** What is measured at every size, each through the function the engine itself uses. */
export const PROBES: readonly Probe[] = [
  { name: 'publish', count: PUBLISHES, open: publish },
  { name: `publish by ${CROWD} writers at once`, count: CROWDS, open: publishCrowd },
  { name: `publish ${BATCH} in a call`, count: BATCHES, open: publishBatch },
  { name: 'publish, random ids', count: PUBLISHES, open: publishForeignIds },
  { name: 'publish a known id', count: DUPLICATES, open: publishKnown },
  { name: `read a stream of ${STREAM_EVENTS}`, count: STREAM_READS, open: readStreams },
  { name: `read a stream of ${STREAM_EVENTS} again`, count: STREAM_READS, open: readStreamsAgain },
  { name: `fetch ${FETCH_EVENTS} of each partition`, count: FETCHES, open: fetchOwned },
  { name: `fetch ${FETCH_EVENTS} of each partition again`, count: FETCHES, open: fetchOwnedAgain },
  { name: `fetch ${FETCH_EVENTS} of a partition`, count: FETCHES, open: fetchPartition },
  {
    name: `fetch ${FETCH_EVENTS} of a partition again`,
    count: FETCHES,
    open: fetchPartitionAgain,
  },
];

/** One round in two logs by turns, operation by operation: the middle of each, in milliseconds. */
export async function runRound(
  probe: Probe,
  logs: readonly [GrownLog, GrownLog],
): Promise<readonly [number, number]> {
  const runs = [await probe.open(logs[0]), await probe.open(logs[1])] as const;
  const firstMs: number[] = [];
  const secondMs: number[] = [];
  for (let index = 0; index < probe.count; index += 1) {
    firstMs.push(await timeOf(runs[0], index));
    secondMs.push(await timeOf(runs[1], index));
  }
  return [median(firstMs), median(secondMs)];
}

async function timeOf({ before, run }: ProbeRun, index: number): Promise<number> {
  await before?.(index);
  const startMs = performance.now();
  await run(index);
  return performance.now() - startMs;
}

async function publish({ engine }: GrownLog): Promise<ProbeRun> {
  return { run: (index) => publishOne(engine, growthEvent(index)) };
}

async function publishCrowd({ engine }: GrownLog): Promise<ProbeRun> {
  return {
    run: () =>
      Promise.all(
        Array.from({ length: CROWD }, (_, index) => publishOne(engine, growthEvent(index))),
      ),
  };
}

async function publishBatch({ engine }: GrownLog): Promise<ProbeRun> {
  return {
    run: () => {
      const inputs = Array.from({ length: BATCH }, (_, index) => growthEvent(index));
      return engine.publisher.publish({ topic: PLAIN_TOPIC, inputs, batch: true });
    },
  };
}

/** Ids that come from elsewhere are no neighbours in the index: each lands on another of its pages. */
async function publishForeignIds({ engine }: GrownLog): Promise<ProbeRun> {
  return { run: (index) => publishOne(engine, withId(growthEvent(index), randomUUID())) };
}

async function publishKnown(log: GrownLog): Promise<ProbeRun> {
  const known = await drawEvents(log, DUPLICATES);
  return {
    run: async (index) => {
      const event = withId(growthEvent(index), known[index]?.event_id ?? '');
      const [receipt] = await publishOne(log.engine, event);
      if (receipt?.duplicate !== true) throw new Error('A duplicate was not recognised');
    },
  };
}

/** Any stream: in a large log its pages lie outside Postgres's own cache. */
async function readStreams({ engine, size, random }: GrownLog): Promise<ProbeRun> {
  const streams = Array.from({ length: STREAM_READS }, () => streamAt(size, random()));
  return {
    run: async (index) => {
      const page = await engine.reader.stream(streams[index] ?? '', {
        direction: 'forward',
        limit: STREAM_EVENTS,
      });
      if (page.items.length !== STREAM_EVENTS)
        throw new Error(`${page.streamId} has ${page.items.length} events`);
    },
  };
}

/** Once more, when its pages are in Postgres's cache in both logs. */
async function readStreamsAgain(log: GrownLog): Promise<ProbeRun> {
  const { run } = await readStreams(log);
  return { before: run, run };
}

/**
 * As a consumer that is behind fetches: by offset, with the position it stands at, from all partitions that it owns in one statement. Past
 * the tail cache, which holds all of a small log.
 */
async function fetchOwned(log: GrownLog): Promise<ProbeRun> {
  const places = await drawEvents(log, FETCHES);
  const cursors = await Promise.all(places.map((place) => cursorsFrom(log, place)));
  return { run: (index) => fetch(log, cursors[index] ?? []) };
}

/** One partition alone, of four whose events lie between each other: as many pages of the log for a quarter of the events. */
async function fetchPartition(log: GrownLog): Promise<ProbeRun> {
  const places = await drawEvents(log, FETCHES);
  return {
    run: (index) => fetch(log, places.slice(index, index + 1).map(cursorAt)),
  };
}

async function fetch({ database }: GrownLog, cursors: readonly FetchCursor[]): Promise<void> {
  const maxBytes = Math.ceil(FETCH_BYTES / cursors.length);
  const rows = await selectPartitions(database.pool, cursors, { limit: FETCH_EVENTS, maxBytes });
  if (cursors.length === 0 || rows.length !== FETCH_EVENTS * cursors.length)
    throw new Error(`fetched ${rows.length} events of ${cursors.length} partitions`);
}

/** Once more, when its pages are in Postgres's cache in both logs. */
async function fetchOwnedAgain(log: GrownLog): Promise<ProbeRun> {
  const { run } = await fetchOwned(log);
  return { before: run, run };
}

/** Once more, when its pages are in Postgres's cache in both logs. */
async function fetchPartitionAgain(log: GrownLog): Promise<ProbeRun> {
  const { run } = await fetchPartition(log);
  return { before: run, run };
}

const publishOne = ({ publisher }: BenchEngine['engine'], event: EventInput) =>
  publisher.publish({ topic: PLAIN_TOPIC, inputs: [event], batch: false });

const withId = ({ attributes, payload }: EventInput, id: string): EventInput => ({
  attributes: { ...attributes, id },
  payload,
});

const cursorAt = ({ topic_id: topicId, partition, offset, position }: EventRow): FetchCursor => ({
  topicId,
  partition,
  offset,
  position,
});

/** Where each partition of the topic goes on at a place. */
async function cursorsFrom(
  { database, engine }: GrownLog,
  place: EventRow,
): Promise<FetchCursor[]> {
  const near = Array.from({ length: NEARBY }, (_, index) => place.position + index);
  const rows = await selectEventsAt(database.pool, near);
  const firsts = new Map<number, EventRow>();
  for (const row of rows)
    if (row.topic_id === place.topic_id && !firsts.has(row.partition))
      firsts.set(row.partition, row);
  if (firsts.size !== engine.topics.find(PLAIN_TOPIC)?.partitions)
    throw new Error(`Only ${firsts.size} partitions have an event near ${place.position}`);
  return Array.from(firsts.values(), cursorAt);
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
