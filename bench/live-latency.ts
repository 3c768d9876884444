import { io, type Socket } from 'socket.io-client';
import {
  type ClientToServerEvents,
  type EventsFrame,
  type ServerToClientEvents,
} from '#contracts/live-feed.ts';

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;

export type LiveFigures = {
  readonly offeredPerSecond: number;
  readonly seconds: number;
  readonly published: number;
  readonly received: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly dropped: number;
  readonly frames: number;
  /** Of the publish requests themselves, which the latencies below contain. */
  readonly publishP95Ms: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From the reconnect until the feed was live again, and the events it had to catch up on. */
  readonly caughtUpInMs: number;
  readonly caughtUpEvents: number;
};

const EVENTS_PER_REQUEST = 10;
const RATE_PER_SECOND = 1_000;
const TICK_MS = (EVENTS_PER_REQUEST * 1_000) / RATE_PER_SECOND;
const SECONDS_DEFAULT = 30;
const OFFLINE_MS = 1_000;
const SETTLE_MS = 10_000;
const PAYLOAD_FILL = 200;

/**
 * Publishes 1,000 events a second over HTTP and measures publish → frame in a live client, which is cut off in the middle
 * and resumes by position. Latencies are of the events it received live; gaps and duplicates are of all.
 */
export async function benchLiveLatency(
  url: string,
  seconds = SECONDS_DEFAULT,
): Promise<LiveFigures> {
  const topic = `bench-live-${Date.now()}`;
  const record = newRecord();
  const first = await follow(url, topic, record);
  const publishing = publish(url, topic, seconds, record);
  await sleep((seconds * 1_000) / 2);
  first.disconnect();
  await sleep(OFFLINE_MS);
  const reconnectedMs = performance.now();
  const second = await follow(url, topic, record, record.position);
  await until(() => record.isLive, SETTLE_MS);
  const caughtUpMs = performance.now();
  await publishing;
  await until(() => record.sequences.length >= record.sentMs.length, SETTLE_MS);
  second.disconnect();
  return summarise(record, { seconds, reconnectedMs, caughtUpMs });
}

type Received = { readonly sequence: number; readonly atMs: number };
type Record = {
  /** When each event was handed to fetch, by its number. */
  readonly sentMs: number[];
  readonly sequences: Received[];
  readonly positions: number[];
  readonly publishMs: number[];
  position: number;
  frames: number;
  dropped: number;
  isLive: boolean;
};

const newRecord = (): Record => ({
  sentMs: [],
  sequences: [],
  positions: [],
  publishMs: [],
  position: 0,
  frames: 0,
  dropped: 0,
  isLive: true,
});

async function follow(
  url: string,
  topic: string,
  record: Record,
  fromPosition?: number,
): Promise<Client> {
  const client: Client = io(`${url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  record.isLive = fromPosition === undefined;
  client.on('events', (frame) => {
    take(record, frame);
    client.emit('received', { id: 'bench', position: frame.position });
  });
  const answer = await client.timeout(SETTLE_MS).emitWithAck('subscribe', {
    id: 'bench',
    query: { topic: [topic] },
    ...(fromPosition === undefined ? {} : { fromPosition }),
  });
  if (fromPosition === undefined) record.position = answer.position;
  return client;
}

function take(record: Record, frame: EventsFrame): void {
  const atMs = performance.now();
  record.frames += 1;
  record.dropped += frame.dropped ?? 0;
  record.position = frame.position;
  if (frame.catchingUp !== true) record.isLive = true;
  for (const event of frame.items) {
    record.positions.push(event.position);
    record.sequences.push({ sequence: Number(event.id.split('-').at(-1)), atMs });
  }
}

async function publish(url: string, topic: string, seconds: number, record: Record): Promise<void> {
  const startMs = performance.now();
  const requests: Promise<void>[] = [];
  const total = seconds * RATE_PER_SECOND;
  while (record.sentMs.length < total) {
    const dueMs = startMs + (record.sentMs.length / EVENTS_PER_REQUEST) * TICK_MS;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    requests.push(publishBatch(url, topic, record));
  }
  await Promise.all(requests);
}

async function publishBatch(url: string, topic: string, record: Record): Promise<void> {
  const startMs = performance.now();
  const events = Array.from({ length: EVENTS_PER_REQUEST }, () => {
    const sequence = record.sentMs.push(performance.now()) - 1;
    return {
      specversion: '1.0',
      id: `${topic}-${sequence}`,
      source: '/bench',
      type: 'bench.ticked',
      data: { sequence, note: 'x'.repeat(PAYLOAD_FILL) },
    };
  });
  const response = await fetch(`${url}/api/v1/topics/${topic}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events),
  });
  if (response.status !== 201) throw new Error(`publish answered ${response.status}`);
  await response.arrayBuffer();
  record.publishMs.push(performance.now() - startMs);
}

type Phases = {
  readonly seconds: number;
  readonly reconnectedMs: number;
  readonly caughtUpMs: number;
};

function summarise(record: Record, phases: Phases): LiveFigures {
  const seen = new Set<number>();
  const latencies: number[] = [];
  let caughtUpEvents = 0;
  for (const { sequence, atMs } of record.sequences) {
    const sentMs = record.sentMs[sequence] ?? 0;
    const wasAway = atMs >= phases.reconnectedMs && sentMs <= phases.caughtUpMs;
    if (wasAway) caughtUpEvents += 1;
    else if (!seen.has(sequence)) latencies.push(atMs - sentMs);
    seen.add(sequence);
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number) => percentile(latencies, share);
  return {
    offeredPerSecond: RATE_PER_SECOND,
    seconds: phases.seconds,
    published: record.sentMs.length,
    received: record.sequences.length,
    missing: record.sentMs.length - seen.size,
    duplicates: record.sequences.length - seen.size,
    outOfOrder: record.positions.filter((position, i) => position <= (record.positions[i - 1] ?? 0))
      .length,
    dropped: record.dropped,
    frames: record.frames,
    publishP95Ms: percentile(
      record.publishMs.toSorted((a, b) => a - b),
      0.95,
    ),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: round(latencies.at(-1) ?? Number.NaN),
    caughtUpInMs: round(phases.caughtUpMs - phases.reconnectedMs),
    caughtUpEvents,
  };
}

const percentile = (sorted: readonly number[], share: number): number =>
  round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
const round = (value: number): number => Math.round(value * 10) / 10;
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function until(isDone: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!isDone() && performance.now() < deadlineMs) await sleep(5);
}

if (import.meta.main) {
  const [url = 'http://127.0.0.1:3000', seconds] = process.argv.slice(2);
  const figures = await benchLiveLatency(url, seconds === undefined ? undefined : Number(seconds));
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
}
