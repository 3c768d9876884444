import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishResponseSchema } from '#contracts/event.ts';
import { type ClientToServerEvents, type ServerToClientEvents } from '#contracts/live-feed.ts';
import { ApiClient, ask } from './api-client.ts';
import { HeapProbe, type Memory } from './heap-probe.ts';
import { RawLiveClient } from './raw-live-client.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** 1,000,000 in the nightly run, which has time to wait for what takes a minute too. */
const BACKLOG = Number(process.env['WEIR_BACKLOG_EVENTS'] ?? '100000');
const IS_LONG_RUN = BACKLOG >= 1_000_000;
const BACKLOG_PER_SECOND_MIN = 2_000;
const PUBLISHERS = 4;
const BATCH = 500;
const PAYLOAD_BYTES = 300;
/** Large enough that what the two kernels hold of a connection (some 10 MB) is full in a few seconds of PER_SECOND. */
const FLOOD_PAYLOAD_BYTES = 2_000;
/** More than the server keeps of the end of the log, so that later measurements differ by what else is kept. */
const WARM_UP_EVENTS = 40_000;
const PER_SECOND = 1_000;
const TICKS_PER_SECOND = 20;
const CALM_SECONDS = 4;
const STUCK_SECONDS = 8;
const BURST_EVENTS = 20_000;
const MIB = 1_048_576;
const BACKLOG_USED_MAX_BYTES = 16 * MIB;
const BACKLOG_RSS_MAX_BYTES = 64 * MIB;
/** Garbage of publishing at full speed included, which does not depend on how much is published. */
const BACKLOG_PEAK_RSS_MAX_BYTES = 512 * MIB;
/** What a busy machine may add. One hiccup of it is the whole p99 of these few seconds: that is shown, and p95 is judged. */
const LATENCY_SLACK_MS = 50;
/** Whoever is delayed by a stuck client is so each time; a machine that does other things too is not. */
const ROUNDS_MAX = 3;
/** The server asks every 25 s whether a client is there and waits 20 s. */
const LOST_WITHIN_MS = 60_000;

let server: ServerProcess;
let probe: HeapProbe;
let api: ApiClient;

beforeAll(async () => {
  server = await ServerProcess.start({ hasInspector: true });
  probe = await HeapProbe.connect(server.inspectorUrl);
  api = new ApiClient(server.url);
});
afterAll(async () => {
  probe?.close();
  await server?.remove();
});

async function publish(url: string, topic: string, count: number): Promise<readonly number[]> {
  const text = 'x'.repeat(topic === 'flood' ? FLOOD_PAYLOAD_BYTES : PAYLOAD_BYTES);
  const sentAtMs = performance.now();
  const events = Array.from({ length: count }, () => ({
    type: 'memory.measured',
    data: { sentAtMs, text },
  }));
  const answer = await ask(`${url}/api/v1/topics/${topic}/events`, 'POST', events);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer));
  return publishResponseSchema.parse(answer.body).events.map(({ position }) => position);
}

/** As fast as it goes. */
async function fill(url: string, topic: string, count: number): Promise<void> {
  let left = count;
  const work = async () => {
    while (left > 0) {
      const next = Math.min(BATCH, left);
      left -= next;
      await publish(url, topic, next);
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, work));
}

async function publishSteadily(url: string, topic: string, seconds: number): Promise<void> {
  const startedAtMs = performance.now();
  for (let tick = 0; tick < seconds * TICKS_PER_SECOND; tick += 1) {
    await publish(url, topic, PER_SECOND / TICKS_PER_SECOND);
    const nextAtMs = startedAtMs + ((tick + 1) * 1_000) / TICKS_PER_SECOND;
    // The pace is the parameter of this test.
    await sleep(Math.max(0, nextAtMs - performance.now()));
  }
}

const inMiB = (bytes: number) => Math.round((bytes / MIB) * 10) / 10;
const grown = (from: Memory, to: Memory) => ({
  used: to.usedBytes - from.usedBytes,
  rss: to.rssBytes - from.rssBytes,
});

test('a backlog of a slow consumer stays on disk', {
  timeout: 60_000 + (BACKLOG / BACKLOG_PER_SECOND_MIN) * 1_000,
}, async () => {
  await api.putTopic('backlog', 4);
  await api.putSubscription('slow', { filter: { topics: ['backlog'] } });
  await fill(server.url, 'backlog', WARM_UP_EVENTS);
  const before = await probe.measure();

  let peakRssBytes = 0;
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      peakRssBytes = Math.max(peakRssBytes, (await probe.read()).rss);
      await sleep(200);
    }
  })();
  await fill(server.url, 'backlog', BACKLOG);
  const received = await ask(`${server.url}/api/v1/subscriptions/slow/receive`, 'POST', {
    max: 10,
    waitMs: 5_000,
  });
  watching.abort();
  await watch;
  const after = await probe.measure();

  const { used, rss } = grown(before, after);
  process.stdout.write(
    `backlog of ${BACKLOG}: used ${inMiB(before.usedBytes)} → ${inMiB(after.usedBytes)} MiB, rss ${inMiB(before.rssBytes)} → ${inMiB(after.rssBytes)} MiB, peak ${inMiB(peakRssBytes)} MiB\n`,
  );
  expect(received.status).toBe(200);
  expect((await api.subscription('slow')).lag).toBe(BACKLOG + WARM_UP_EVENTS);
  expect(used).toBeLessThan(BACKLOG_USED_MAX_BYTES);
  expect(rss).toBeLessThan(BACKLOG_RSS_MAX_BYTES);
  expect(peakRssBytes - before.rssBytes).toBeLessThan(BACKLOG_PEAK_RSS_MAX_BYTES);
});

/** A live client that keeps up: how late events of the last while arrived. */
function connectWitness(url: string, topic: string, fromPosition?: number) {
  const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(`${url}/live`, {
    transports: ['websocket'],
  });
  const positions: number[] = [];
  let latenciesMs: number[] = [];
  socket.on('events', (frame) => {
    const nowMs = performance.now();
    positions.push(...frame.items.map(({ position }) => position));
    for (const { data } of frame.items)
      if (typeof data === 'object' && data !== null && 'sentAtMs' in data)
        latenciesMs.push(nowMs - Number(data.sentAtMs));
    socket.emit('received', { id: frame.id, position: frame.position });
  });
  const subscribed = new Promise((resolve) => {
    const from = fromPosition === undefined ? {} : { fromPosition };
    socket.emit('subscribe', { id: 'witness', query: { topic }, ...from }, resolve);
  });
  return {
    subscribed,
    positions,
    take: () => {
      const sorted = latenciesMs.toSorted((a, b) => a - b);
      latenciesMs = [];
      const at = (share: number) =>
        Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
      return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
    },
    close: () => socket.disconnect(),
  };
}

type Lateness = ReturnType<ReturnType<typeof connectWitness>['take']>;
type Round = { readonly calm: Lateness; readonly beside: Lateness };

const isDelayed = ({ calm, beside }: Round): boolean =>
  beside.p50Ms > calm.p50Ms * 1.2 + LATENCY_SLACK_MS ||
  beside.p95Ms > calm.p95Ms * 1.2 + LATENCY_SLACK_MS;

test('a live client that stops reading delays nobody and is told what it missed', {
  timeout: 60_000 + ROUNDS_MAX * 30_000,
}, async () => {
  const { url } = server;
  const witness = connectWitness(url, 'flood');
  await witness.subscribed;
  await publishSteadily(url, 'flood', 1);
  let stuck: RawLiveClient;
  let round: Round;
  let rounds = 0;
  do {
    witness.take();
    await publishSteadily(url, 'flood', CALM_SECONDS);
    const calm = witness.take();
    stuck = await RawLiveClient.connect(url);
    stuck.subscribe({ id: 'stuck', query: { topic: 'flood' } });
    stuck.stopReading();
    await publishSteadily(url, 'flood', STUCK_SECONDS);
    round = { calm, beside: witness.take() };
    rounds += 1;
    process.stdout.write(
      `another without it ${JSON.stringify(calm)}, beside it ${JSON.stringify(round.beside)}\n`,
    );
    if (isDelayed(round) && rounds < ROUNDS_MAX) stuck.close();
  } while (isDelayed(round) && rounds < ROUNDS_MAX);
  await fill(url, 'flood', BURST_EVENTS);
  witness.close();

  expect(isDelayed(round), `delayed in each of ${rounds} rounds`).toBe(false);
  stuck.readOn();
  await until('it is told what was left out', 10_000, () =>
    stuck.frames.some(({ dropped }) => dropped > 0) ? true : undefined,
  );
  stuck.close();
});

test.skipIf(!IS_LONG_RUN)(
  'a live client that is not heard of is put out, and goes on where it was',
  { timeout: 2 * LOST_WITHIN_MS },
  async () => {
    const first = Number((await publish(server.url, 'lost', 1)).at(-1));
    const stuck = await RawLiveClient.connect(server.url);
    stuck.subscribe({ id: 'stuck', query: { topic: 'lost' } });
    stuck.stopReading();

    await until('it is put out', LOST_WITHIN_MS, async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      return /^weir_live_clients_lost_total 1$/m.test(metrics) ? true : undefined;
    });
    const missed = await publish(server.url, 'lost', 5);
    const again = connectWitness(server.url, 'lost', first);
    await until('it has what it missed', 10_000, () =>
      again.positions.length === missed.length ? true : undefined,
    );

    expect(again.positions).toEqual(missed);
    stuck.close();
    again.close();
  },
);
