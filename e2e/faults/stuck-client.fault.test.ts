import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_LIVE_DATA_BYTES, MAX_LIVE_SUBSCRIPTIONS } from '#contracts/live-feed.ts';
import { HeapProbe } from './heap-probe.ts';
import { mutantTest } from './mutant-test.ts';
import { RawLiveClient } from './raw-live-client.ts';
import { ServerProcess } from './server-process.ts';
import { type Load, metric, publishBatch, StuckClients } from './stuck-clients.ts';
import { until } from './until.ts';

const IS_LONG_RUN = Number(process.env['WEIR_BACKLOG_EVENTS'] ?? '0') >= 1_000_000;
const MIB = 1_048_576;
const CLIENT_MAX_BYTES = 2 * MIB;
/** What a server keeps of the end of the log. */
const TAIL_CACHE_BYTES = 16 * MIB;
/** Parsed, what a page of the log holds. */
const QUERY_MAX_BYTES = 64 * MIB;
const MANY_CLIENTS = 50;
/** A server asks every 25 s whether a client is there and waits 20 s. */
const LOST_WITHIN_MS = 60_000;
const CASE_TIMEOUT_MS = 120_000;
/** A slow client reads one piece of a few KB to 64 KB at a time, at most so many before it is done. */
const SLOW_ROUNDS = 120;
const ACCOUNTED_WITHIN_MS = 30_000;

const textOf = (bytes: number): Load['data'] => ({ text: 'x'.repeat(bytes) });
/** Just not cut. */
const LARGE_TEXT = textOf(MAX_LIVE_DATA_BYTES - 100);
/** One character that makes each of them take two bytes in memory. */
const WIDE_TEXT = { text: `🐢${'x'.repeat(MAX_LIVE_DATA_BYTES - 200)}` };
/** In memory, parsed, some twenty times as large as on the wire. */
const MANY_OBJECTS = Array.from({ length: MAX_LIVE_DATA_BYTES / 4 }, () => ({}));
const LARGE_LOAD = { topic: 'full', data: LARGE_TEXT, batch: 20 };
/** Near to others in what they cost; only the long run has time for them. */
const LOADS_OF_A_NIGHT: readonly [string, Omit<Load, 'topic'>][] = IS_LONG_RUN
  ? [
      ['events that are just not cut', { data: LARGE_TEXT, batch: 20 }],
      ['events of 100 KB', { data: textOf(100_000), batch: 10 }],
    ]
  : [];
const WIDEST = { clients: 1, subscriptions: MAX_LIVE_SUBSCRIPTIONS };

let server: ServerProcess;
let probe: HeapProbe;

beforeAll(async () => {
  server = await ServerProcess.start({ hasInspector: true });
  probe = await HeapProbe.connect(server.inspectorUrl);
});
afterAll(async () => {
  probe?.close();
  await server?.remove();
});

const inMiB = (bytes: number) => Math.round((bytes / MIB) * 100) / 100;

/** What one of the widest subscription costs, in bytes. */
async function costOfWidest(load: Load, fromPosition?: number): Promise<number> {
  const from = fromPosition === undefined ? {} : { fromPosition };
  const stuck = await StuckClients.connect(server.url, load, { ...WIDEST, ...from });
  expect(await stuck.fill()).toBe(true);
  return stuck.cost(probe);
}

// The first test: the server is new.
test('a client that stops reading costs 2 MB at most while the end of the log in memory still grows', {
  timeout: CASE_TIMEOUT_MS,
}, async () => {
  const before = await probe.measure();
  const load = { topic: 'filling', data: textOf(2_000), batch: 20 };
  const stuck = await StuckClients.connect(server.url, load, WIDEST);
  expect(await stuck.fill()).toBe(true);
  const grown = (await probe.measure()).usedBytes - before.usedBytes;

  const bytes = await stuck.cost(probe);

  process.stdout.write(`${inMiB(grown)} MiB more, of which the client ${inMiB(bytes)} MiB\n`);
  expect(stuck.published * 3_000).toBeLessThan(TAIL_CACHE_BYTES);
  expect(bytes).toBeLessThan(CLIENT_MAX_BYTES);
});

test.each([
  ['small events', { data: textOf(200), batch: 50 }],
  ['events with a wide character', { data: WIDE_TEXT, batch: 20 }],
  ['events of many objects', { data: MANY_OBJECTS, batch: 20 }],
  ...LOADS_OF_A_NIGHT,
])(
  'one with the widest subscription costs 2 MB at most, of %s, when it is full',
  {
    timeout: CASE_TIMEOUT_MS,
  },
  async (name, { data, batch }) => {
    await fillTail();

    const bytes = await costOfWidest({ topic: 'full', data, batch });

    process.stdout.write(`${name}: ${inMiB(bytes)} MiB\n`);
    expect(bytes).toBeLessThan(CLIENT_MAX_BYTES);
  },
);

test('one that stops while it catches up costs 2 MB at most', {
  timeout: CASE_TIMEOUT_MS,
}, async () => {
  await fillTail();

  const bytes = await costOfWidest(LARGE_LOAD, 0);

  process.stdout.write(`catching up: ${inMiB(bytes)} MiB\n`);
  expect(bytes).toBeLessThan(CLIENT_MAX_BYTES);
});

test('a live query keeps none of the payloads that it looks into', {
  timeout: CASE_TIMEOUT_MS,
}, async () => {
  const load = { topic: 'queried', data: MANY_OBJECTS, batch: 50 };
  const fill = async () => {
    const batchBytes = load.batch * MAX_LIVE_DATA_BYTES;
    for (let bytes = 0; bytes < 1.2 * TAIL_CACHE_BYTES; bytes += batchBytes)
      await publishBatch(server.url, load);
  };
  await fill();
  const before = await probe.measure();
  const client = await RawLiveClient.connect(server.url);
  client.subscribe({ id: 's', query: { where: '$[0].a == 1' } });

  await fill();
  const after = await probe.measure();
  client.close();

  const bytes = after.usedBytes - before.usedBytes;
  process.stdout.write(`a query: ${inMiB(bytes)} MiB\n`);
  expect(bytes).toBeLessThan(QUERY_MAX_BYTES);
});

test(`${MANY_CLIENTS} of them cost ${MANY_CLIENTS} times as much at most`, {
  timeout: CASE_TIMEOUT_MS + LOST_WITHIN_MS,
}, async () => {
  const options = { clients: MANY_CLIENTS, subscriptions: 2 };
  const lostBefore = await metric(server.url, 'weir_live_clients_lost_total');
  const stuck = await StuckClients.connect(server.url, LARGE_LOAD, options);
  expect(await stuck.fill()).toBe(true);

  const bytes = (await stuck.cost(probe, IS_LONG_RUN ? LOST_WITHIN_MS : undefined)) / MANY_CLIENTS;

  const lost = (await metric(server.url, 'weir_live_clients_lost_total')) - lostBefore;
  process.stdout.write(`each of ${MANY_CLIENTS}: ${inMiB(bytes)} MiB\n`);
  expect(bytes).toBeLessThan(CLIENT_MAX_BYTES);
  expect(lost).toBe(IS_LONG_RUN ? MANY_CLIENTS : 0);
});

test('a slow client is told of every event that it is not given, and catches up', {
  timeout: CASE_TIMEOUT_MS,
}, async () => {
  const load = { topic: 'slow', data: textOf(2_000), batch: 250 };
  const client = await RawLiveClient.connect(server.url);
  client.subscribe({ id: 's', query: { topic: load.topic } });
  client.stopReading();
  for (let round = 0; round < SLOW_ROUNDS; round += 1) {
    await publishBatch(server.url, load);
    await client.readALittle();
  }
  client.readOn();

  const published = SLOW_ROUNDS * load.batch;
  const { frames } = client;
  const accounted = () =>
    frames.reduce((sum, { positions, dropped }) => sum + positions.length + dropped, 0);
  await until('each event was sent or counted', ACCOUNTED_WITHIN_MS, () =>
    accounted() === published ? true : undefined,
  );
  const framesBefore = frames.length;
  const few = { ...load, batch: 20 };
  await publishBatch(server.url, few);
  await until('the next are sent', ACCOUNTED_WITHIN_MS, () =>
    accounted() === published + few.batch ? true : undefined,
  );
  client.close();

  const positions = frames.flatMap((frame) => frame.positions);
  expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
  expect(frames.filter(({ isSampled }) => isSampled).length).toBeGreaterThan(0);
  for (const { isSampled, dropped } of frames) expect(isSampled).toBe(dropped > 0);
  const after = frames.slice(framesBefore);
  expect(after.flatMap((frame) => frame.positions)).toHaveLength(few.batch);
});

const sabotaged = async (repository: string) => {
  const copy = await ServerProcess.start({ repository, hasInspector: true });
  try {
    const itsProbe = await HeapProbe.connect(copy.inspectorUrl);
    const stuck = await StuckClients.connect(copy.url, LARGE_LOAD, WIDEST);
    await stuck.fill();
    const bytes = await stuck.cost(itsProbe);
    itsProbe.close();
    return bytes < CLIENT_MAX_BYTES ? [] : [`a stuck client costs ${inMiB(bytes)} MiB`];
  } finally {
    await copy.remove();
  }
};
mutantTest('keeps all that a client has not taken', sabotaged);
mutantTest('hands frames to a connection that does not take them', sabotaged);

/** More than it holds, so that what is measured later does not grow with it. */
async function fillTail(): Promise<void> {
  const load = { topic: 'other', data: textOf(20_000), batch: 100 };
  for (let bytes = 0; bytes < 1.5 * TAIL_CACHE_BYTES; bytes += 20_000 * load.batch)
    await publishBatch(server.url, load);
}
