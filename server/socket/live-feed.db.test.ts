import { createServer, type Server } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type ClientToServerEvents,
  type EventsFrame,
  type LiveProblem,
  MAX_FRAME_BYTES,
  MAX_LIVE_DATA_BYTES,
  MAX_LIVE_QUERIES_LENGTH,
  type ServerToClientEvents,
  type StatsFrame,
} from '#contracts/live-feed.ts';
import { systemClock } from '#server/engine/clock.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { createSocketServer } from './socket-server.ts';

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;

const SOON = { timeout: 20_000, interval: 10 };

let test: TestEngine;
let httpServer: Server;
let sockets: ReturnType<typeof createSocketServer>;
let url: string;
const clients: Client[] = [];

beforeAll(async () => {
  test = await createTestEngine();
  httpServer = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const address = httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = `http://127.0.0.1:${address.port}`;
  sockets = createSocketServer({
    httpServer,
    engine: test.engine,
    pool: test.database.database.pool,
    logger: silentLogger,
    clock: systemClock,
    random: Math.random,
    allowedHosts: [],
  });
  await sockets.start();
});

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

afterAll(async () => {
  await sockets.stop();
  httpServer.close();
  await test.drop();
});

function connect(options: Record<string, unknown> = {}): Client {
  const client: Client = io(`${url}/live`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    ...options,
  });
  clients.push(client);
  return client;
}

async function publish(topic: string, count: number, data: (index: number) => unknown = String) {
  const receipts = await test.engine.publisher.publish({
    topic,
    batch: true,
    inputs: Array.from({ length: count }, (_, index) => ({
      attributes: { type: 'test.happened', source: 'tester' },
      payload: { kind: 'json' as const, value: { index, data: data(index) } },
    })),
  });
  return receipts.map((receipt) => receipt.position);
}

/** What one client has of one feed, gathered over reconnects; acknowledges as a browser does. */
function gather(client: Client, positions: number[], frames: EventsFrame[] = []): void {
  client.on('events', (frame) => {
    frames.push(frame);
    positions.push(...frame.items.map((item) => item.position));
    client.emit('received', { id: frame.id, position: frame.position });
  });
}

const subscribe = (client: Client, request: Parameters<ClientToServerEvents['subscribe']>[0]) =>
  new Promise<{ position: number }>((resolve) => {
    client.emit('subscribe', request, resolve);
  });

describe('the live feed', () => {
  it.each([['websocket'], ['polling'], ['polling', 'websocket']])(
    'sends what matches, as it is recorded, over %s %s',
    async (...transports) => {
      const client = connect({ transports });
      const positions: number[] = [];
      gather(client, positions);
      await subscribe(client, { id: 'a', query: { topic: 'wanted' } });

      await publish('unwanted', 5);
      const wanted = await publish('wanted', 3);

      await vi.waitFor(() => expect(positions).toEqual(wanted), SOON);
    },
  );

  it('resumes by position without a gap and without a duplicate, while events keep coming', async () => {
    const positions: number[] = [];
    const frames: EventsFrame[] = [];
    const published: number[] = [];
    const first = connect();
    gather(first, positions, frames);
    await subscribe(first, { id: 'a', query: { topic: 'resumed' } });
    published.push(...(await publish('resumed', 50)));
    await vi.waitFor(() => expect(positions).toEqual(published), SOON);

    first.disconnect();
    for (let i = 0; i < 4; i += 1) published.push(...(await publish('resumed', 700)));
    const second = connect();
    gather(second, positions, frames);
    const lastPosition = frames.at(-1)?.position ?? 0;
    const subscribed = subscribe(second, {
      id: 'a',
      query: { topic: 'resumed' },
      fromPosition: lastPosition,
    });
    for (let i = 0; i < 4; i += 1) published.push(...(await publish('resumed', 100)));
    await subscribed;
    published.push(...(await publish('resumed', 10)));

    await vi.waitFor(() => expect(positions).toHaveLength(published.length), SOON);
    expect(positions).toEqual(published);
    expect(frames.some((frame) => frame.catchingUp === true)).toBe(true);
    expect(frames.every((frame) => frame.dropped === undefined)).toBe(true);
  });

  it('catches up without a gap over events of which a page holds more than may wait', async () => {
    const before = test.engine.log.tailPosition();
    const published: number[] = [];
    const text = 'x'.repeat(MAX_LIVE_DATA_BYTES - 100);
    for (let i = 0; i < 3; i += 1)
      published.push(...(await publish('wide', 60, (index) => (index % 3 > 0 ? text : 'small'))));
    const client = connect();
    const positions: number[] = [];
    const frames: EventsFrame[] = [];
    gather(client, positions, frames);

    await subscribe(client, { id: 'a', query: { topic: 'wide' }, fromPosition: before });

    await vi.waitFor(() => expect(positions).toHaveLength(published.length), SOON);
    expect(positions).toEqual(published);
    expect(frames.every((frame) => frame.dropped === undefined)).toBe(true);
    for (const frame of frames)
      expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(MAX_FRAME_BYTES);
  });

  it('serves a client that never acknowledges', async () => {
    const client = connect();
    const positions: number[] = [];
    client.on('events', (frame) => positions.push(...frame.items.map((item) => item.position)));
    await subscribe(client, { id: 'a', query: { topic: 'unacknowledged' } });

    const published = await publish('unacknowledged', 1_000);
    published.push(...(await publish('unacknowledged', 1_000)));

    await vi.waitFor(() => expect(positions).toEqual(published), SOON);
  });

  it('sends no third frame before a client that acknowledges has acknowledged, then everything', async () => {
    const slow = connect();
    const frames: EventsFrame[] = [];
    slow.on('events', (frame) => frames.push(frame));
    await subscribe(slow, { id: 'a', query: { topic: 'slow' } });
    slow.emit('received', { id: 'a', position: 0 });
    const quick = connect();
    const positions: number[] = [];
    gather(quick, positions);
    await subscribe(quick, { id: 'a', query: { topic: 'slow' } });

    const published = await publish('slow', 1_000);
    published.push(...(await publish('slow', 900)));
    await vi.waitFor(() => expect(positions).toHaveLength(published.length), SOON);
    const held = frames.length;
    const acknowledge = ({ id, position }: EventsFrame) => slow.emit('received', { id, position });
    slow.on('events', acknowledge);
    frames.forEach(acknowledge);

    expect(held).toBe(2);
    const received = () => frames.flatMap((frame) => frame.items.map((item) => item.position));
    await vi.waitFor(() => expect(received()).toHaveLength(published.length), SOON);
    expect(received()).toEqual(published);
  });

  it('gives a client that held still for long a sample, and accounts for every event', async () => {
    const client = connect();
    const frames: EventsFrame[] = [];
    client.on('events', (frame) => frames.push(frame));
    await subscribe(client, { id: 'a', query: { topic: 'stalled' } });
    client.emit('received', { id: 'a', position: 0 });

    for (let i = 0; i < 8; i += 1) await publish('stalled', 1_000);
    await vi.waitFor(() => expect(frames).toHaveLength(2), SOON);
    const acknowledge = ({ id, position }: EventsFrame) =>
      client.emit('received', { id, position });
    client.on('events', acknowledge);
    frames.forEach(acknowledge);
    const accounted = () =>
      frames.reduce((sum, frame) => sum + frame.items.length + (frame.dropped ?? 0), 0);
    await vi.waitFor(() => expect(accounted()).toBe(8_000), SOON);
    const after = await publish('stalled', 3);

    await vi.waitFor(() => expect(accounted()).toBe(8_003), SOON);
    expect(frames.some((frame) => frame.sampled === true)).toBe(true);
    expect(frames.at(-1)).not.toHaveProperty('sampled');
    expect(frames.at(-1)?.items.map((item) => item.position)).toEqual(after);
  });

  it('leaves a large payload out and says so', async () => {
    const client = connect();
    const frames: EventsFrame[] = [];
    client.on('events', (frame) => frames.push(frame));
    await subscribe(client, { id: 'a', query: { topic: 'large' } });

    await publish('large', 1, () => 'x'.repeat(MAX_LIVE_DATA_BYTES));

    await vi.waitFor(() => expect(frames).toHaveLength(1), SOON);
    expect(frames[0]?.items[0]).toMatchObject({ datatruncated: true, topic: 'large' });
    expect(frames[0]?.items[0]).not.toHaveProperty('data');
  });

  it('says what is wrong with a request', async () => {
    const client = connect();
    const problems: LiveProblem[] = [];
    client.on('problem', (problem) => problems.push(problem));

    client.emit('subscribe', { id: 'a', query: { where: '$.total >' } });
    client.emit('subscribe', { id: 'b', fromPosition: -1 });

    await vi.waitFor(() => expect(problems).toHaveLength(2), SOON);
    expect(problems).toMatchObject([
      { id: 'a', code: 'invalid-request' },
      { id: 'b', code: 'invalid-request' },
    ]);
  });

  it('refuses queries that are too long together, and says so shortly', async () => {
    const client = connect();
    const problems: LiveProblem[] = [];
    client.on('problem', (problem) => problems.push(problem));
    const subject = Array.from({ length: MAX_LIVE_QUERIES_LENGTH / 2_000 }, () => 'x'.repeat(900));
    await subscribe(client, { id: 'a', query: { subject } });
    await subscribe(client, { id: 'a', query: { subject } });
    await subscribe(client, { id: 'b', query: { subject } });

    client.emit('subscribe', { id: 'c', query: { subject } });
    client.emit('subscribe', { id: 'd', query: { subject, ['x'.repeat(50_000)]: 1 } });

    await vi.waitFor(() => expect(problems).toHaveLength(2), SOON);
    expect(problems[0]).toMatchObject({ id: 'c', code: 'invalid-request' });
    expect(problems[0]?.detail).toContain(String(MAX_LIVE_QUERIES_LENGTH));
    expect(problems[1]?.id).toBe('d');
    expect(problems[1]?.detail.length).toBeLessThanOrEqual(500);
  });

  it('sends the measured graph to those who watch it', async () => {
    await publish('measured', 10);
    const client = connect();
    const stats: StatsFrame[] = [];
    client.on('stats', (frame) => stats.push(frame));

    client.emit('watch', { stats: true, operations: false });

    const published = { source: 'producer:tester', target: 'topic:measured', count: 10 };
    await vi.waitFor(() => {
      expect(stats.length).toBeGreaterThan(1);
      expect(stats.at(-1)?.topology.edges).toContainEqual(expect.objectContaining(published));
    }, SOON);
  });

  it.each(['websocket', 'polling'])('refuses a foreign page over %s', async (transport) => {
    const client = connect({
      transports: [transport],
      extraHeaders: { origin: 'http://evil.example' },
    });

    await new Promise((resolve) => {
      client.on('connect_error', resolve);
    });
    expect(client.connected).toBe(false);
  });

  it('shows on the metrics page', async () => {
    const text = await test.engine.metrics.render();

    expect(text).toMatch(/^weir_live_frames_total \d+$/m);
    expect(text).toMatch(/^weir_events_published_total\{topic="wanted"\} 9$/m);
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
  });
});
