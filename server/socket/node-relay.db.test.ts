import { createServer, type Server } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type ClientToServerEvents, type ServerToClientEvents } from '#contracts/live-feed.ts';
import { type Operation, operationSchema, replayRequestSchema } from '#contracts/operation.ts';
import { defineConsumer } from '#server/engine/broker/consumer-definition.ts';
import { systemClock } from '#server/engine/clock.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { createSocketServer } from './socket-server.ts';

const SOON = { timeout: 15_000, interval: 20 };
const EVENTS = 1_000;
/** Longer than a notification takes. */
const MANY_TYPES = [
  'test.happened',
  ...Array.from({ length: 45 }, (_, index) => `${'x'.repeat(190)}${index}`),
];

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
type Node = { readonly kit: TestEngine; readonly client: Client; close(): Promise<void> };

let first: Node;
let second: Node;

beforeAll(async () => {
  const kit = await createTestEngine();
  await kit.engine.broker.register(
    defineConsumer({
      name: 'target',
      description: 'takes what is replayed',
      version: '1',
      filter: { topics: ['history'] },
      handle: () => undefined,
    }),
  );
  first = await startNode(kit);
  second = await startNode(await createTestEngine({ database: kit.database }));
});
afterAll(async () => {
  await second.close();
  await first.close();
});

async function startNode(kit: TestEngine): Promise<Node> {
  const httpServer = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const sockets = createSocketServer({
    httpServer,
    engine: kit.engine,
    pool: kit.database.database.pool,
    logger: silentLogger,
    clock: systemClock,
    random: Math.random,
    allowedHosts: [],
  });
  await sockets.start();
  const client: Client = io(`${urlOf(httpServer)}/live`, {
    transports: ['websocket'],
    forceNew: true,
  });
  client.emit('watch', { stats: false, operations: true });
  return {
    kit,
    client,
    close: async () => {
      client.disconnect();
      await sockets.stop();
      httpServer.close();
      await kit.drop();
    },
  };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Replays into a topic on the first node, and what a client of the second is told of it. */
async function replayed(name: string, type: string[] = ['test.happened']) {
  const { engine } = first.kit;
  const receipts = await engine.publisher.publish({
    topic: 'history',
    batch: true,
    inputs: Array.from({ length: EVENTS }, (_, index) => ({
      attributes: { type: 'test.happened', source: 'tester', id: `${name}-${index}` },
      payload: { kind: 'json' as const, value: { index } },
    })),
  });
  const told: Operation[] = [];
  second.client.on('operation', (operation) => told.push(operation));
  const operation = operationSchema.parse(
    await engine.operations.replay(
      replayRequestSchema.parse({
        from: receipts[0]?.position,
        to: receipts.at(-1)?.position,
        target: { subscription: 'target' },
        ratePerSecond: 500,
        filter: { type },
      }),
      'tester',
    ),
  );
  return { operation, told: () => told.filter(({ id }) => id === operation.id) };
}

const listeners = async (): Promise<number[]> => {
  const { rows } = await first.kit.database.database.pool.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN "weir_live#/"'`,
  );
  return rows.map(({ pid }) => pid);
};

it('shows a client of one server how an operation of another goes on', async () => {
  await vi.waitFor(async () => expect(await listeners()).toHaveLength(2), SOON);

  const { told } = await replayed('plain');

  await vi.waitFor(() => expect(told().at(-1)).toMatchObject({ state: 'done' }), SOON);
  const progress = told().filter(({ state, done }) => state === 'running' && done > 0);
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.map(({ done }) => done)).toEqual(
    progress.map(({ done }) => done).toSorted((a, b) => a - b),
  );
  expect(told().at(-1)).toMatchObject({ done: EVENTS, total: EVENTS });
});

it('listens again after its connections broke, and carries what is larger than a notification', async () => {
  const before = await listeners();
  const { pool } = first.kit.database.database;
  await pool.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [before]);
  await vi.waitFor(async () => {
    const now = await listeners();
    expect(now).toHaveLength(2);
    expect(now.some((pid) => before.includes(pid))).toBe(false);
  }, SOON);

  const { told } = await replayed('broken', MANY_TYPES);

  await vi.waitFor(() => expect(told().at(-1)).toMatchObject({ state: 'done' }), SOON);
  expect(told().filter(({ state }) => state === 'running').length).toBeGreaterThan(1);
  const { rows } = await pool.query('SELECT id FROM live_attachments');
  expect(rows).not.toEqual([]);
});

it('leaves off when the other server is gone', async () => {
  await second.close();

  await vi.waitFor(async () => expect(await listeners()).toEqual([]), SOON);
});
