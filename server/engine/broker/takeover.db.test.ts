import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  never,
  quickRetry,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { createBrokerStore } from './broker-store.ts';
import { defineConsumer } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('a server that was killed is taken over: nothing is lost and the zombie cannot commit', async () => {
  const first = await kit.open('killed');
  const firstSeen: number[] = [];
  const held = Promise.withResolvers<void>();
  const definition = {
    name: 'taken-over',
    description: '',
    version: '1',
    filter: { topics: ['takeover'] },
    timeoutMs: 60_000,
  };
  await first.broker.register(
    defineConsumer({
      ...definition,
      handle: async (event) => {
        firstSeen.push(indexOf(event));
        await held.promise;
      },
    }),
  );
  await kit.publish(
    'takeover',
    Array.from({ length: 40 }, (_, i) => `k${i}`),
    't',
  );
  await until(
    () => firstSeen.length,
    (count) => count === 16,
  );

  const second = await kit.open('killed');
  const secondSeen = new Set<number>();
  await second.broker.register(
    defineConsumer({
      ...definition,
      handle: (event) => {
        secondSeen.add(indexOf(event));
      },
    }),
  );
  await until(
    () => secondSeen.size,
    (count) => count === 40,
  );
  await until(
    () => second.broker.lag('taken-over'),
    (lag) => lag.total === 0,
  );
  held.resolve();
  await first.close().catch(() => undefined);

  await until(
    () =>
      kit.rows<{ sum: number }>(
        `SELECT sum(committed)::int AS sum FROM subscription_partitions JOIN subscriptions s ON s.id = subscription_id WHERE s.name = 'taken-over'`,
      ),
    (committed) => committed[0]?.sum === 40,
  );
  expect(
    (await second.broker.lag('taken-over')).partitions.every((one) => one.owner === 'killed'),
  ).toBe(true);
  await second.close();
});

test('an event whose handler kills the process reaches the dead letters', async () => {
  const seenBy: number[] = [];
  const definition = {
    name: 'killer',
    description: '',
    version: '1',
    filter: { topics: ['killer'] },
    retry: { ...quickRetry, baseMs: 1 },
    timeoutMs: 60_000,
  };
  await kit.publish('killer', ['k'], 'kill');
  const lives = [];
  // The handler never comes back, and the next life of the server takes over: first try, then 1 + 3 recorded ones.
  for (let life = 0; life < 5; life += 1) {
    const server = await kit.open('killer');
    lives.push(server);
    await server.broker.register(
      defineConsumer({
        ...definition,
        handle: () => {
          seenBy.push(life);
          return new Promise(() => undefined);
        },
      }),
    );
    await until(() => seenBy.includes(life), Boolean);
  }
  const last = await kit.open('killer');
  await last.broker.register(defineConsumer({ ...definition, handle: () => undefined }));
  const page = await until(
    () => last.deadLetters.list({ subscription: 'killer', limit: 10 }),
    (one) => one.items.length === 1,
  );
  expect(page.items[0]?.errorClass).toBe('ProcessEnded');
  expect(page.items[0]?.attemptCount).toBe(4);
  await last.close();
}, 60_000);

test('what was recorded for a receiver that had gone by then is not counted as tried', async () => {
  const dead = await kit.open('gone');
  await dead.broker.put('gone', quickSettings({ filter: { topics: ['gone'] } }), 'test');
  await kit.publish('gone', ['k'], 'gone');
  expect(await dead.broker.receive('gone', { max: 1, waitMs: 2_000 }, never)).toHaveLength(1);
  const careful = await kit.open('gone');
  expect(await careful.broker.receive('gone', { max: 1, waitMs: 0 }, never)).toEqual([]);
  const recorded = () => kit.rows('SELECT FROM retries');
  await until(recorded, (rows) => rows.length === 1);

  await careful.close();
  const next = await kit.open('gone');

  const [delivery] = await next.broker.receive('gone', { max: 1, waitMs: 2_000 }, never);
  expect(delivery?.attempt).toBe(1);
  await next.close();
  await dead.close().catch(() => undefined);
});

test('what is recorded when its subscription is paused by then is not handed out', async () => {
  const dead = await kit.open('paused');
  await dead.broker.put('paused', quickSettings({ filter: { topics: ['paused'] } }), 'test');
  await kit.publish('paused', ['k'], 'paused');
  expect(await dead.broker.receive('paused', { max: 1, waitMs: 2_000 }, never)).toHaveLength(1);
  const next = await kit.open('paused');
  const { pool } = kit.database.database;
  const lock = await pool.connect();
  await lock.query('BEGIN');
  await lock.query('SELECT FROM subscription_partitions FOR UPDATE');

  const waiting = next.broker.receive('paused', { max: 1, waitMs: 3_000 }, never);
  const blocked = () => kit.rows(`SELECT FROM pg_locks WHERE NOT granted`);
  await until(blocked, (rows) => rows.length > 0);
  await next.broker.pause('paused', 'test');
  await lock.query('COMMIT');
  lock.release();

  expect(await waiting).toEqual([]);
  await next.broker.resume('paused', 'test');
  const [delivery] = await next.broker.receive('paused', { max: 1, waitMs: 2_000 }, never);
  expect(delivery?.attempt).toBe(1);
  await next.close();
  await dead.close().catch(() => undefined);
});

test('a retry that was claimed for receivers that had gone by then is given back uncounted', async () => {
  const opened = await kit.open('left');
  const { broker } = opened;
  const settings = quickSettings({ filter: { topics: ['left'] } });
  await broker.put('left', settings, 'test');
  await kit.publish('left', ['k', 'k'], 'left');
  const receive = (signal = never) => broker.receive('left', { max: 1, waitMs: 9_000 }, signal);
  const ack = async (deliveryId = '') => broker.ack('left', [deliveryId]);
  const refused = (await receive())[0];
  const error = { class: 'Error', message: 'not yet', stack: null };
  const verdict = { deliveryId: refused?.deliveryId ?? '', error, retryable: true };
  await broker.nack('left', verdict);
  const states = () =>
    kit.rows(
      `SELECT r.state, r.attempt FROM retries r JOIN topics t ON t.id = r.topic_id WHERE t.name = 'left' ORDER BY r."offset"`,
    );
  const retried = (await receive())[0];
  const leaving = new AbortController();
  const nothing = receive(leaving.signal);
  await until(states, (rows) => rows.length === 2);
  leaving.abort();
  expect(await nothing).toEqual([]);

  // The next of the key is claimed with it, and nobody is there to take it.
  await ack(retried?.deliveryId);

  await until(states, (rows) => rows.every((row) => 'state' in row && row.state !== 'running'));
  expect(await states()).toEqual([{ state: 'waiting', attempt: 0 }]);
  const [next] = await receive();
  expect([next && indexOf(next.event), next?.attempt]).toEqual([1, 1]);
  await ack(next?.deliveryId);
  await opened.close();
});

test('a server that stands still in the middle of a settlement keeps no partition from the next', async () => {
  const still = await kit.open('still');
  await still.broker.put('still', quickSettings({ filter: { topics: ['still'] } }), 'test');
  await kit.publish('still', ['k'], 'still');
  const receive = (from: typeof still) =>
    from.broker.receive('still', { max: 1, waitMs: 20_000 }, never);
  expect(await receive(still)).toHaveLength(1);
  const [lease] = await kit.rows<{
    subscriptionId: number;
    topicId: number;
    partition: number;
    epoch: number;
    incarnation: string;
  }>(
    `SELECT p.subscription_id AS "subscriptionId", p.topic_id AS "topicId", p."partition", p.epoch, p.owner_incarnation AS incarnation
     FROM subscription_partitions p JOIN events e USING (topic_id, "partition") WHERE e.event_id = 'still0'`,
  );
  if (lease === undefined) throw new Error('nobody has the partition');
  const owner = { nodeId: 'still', incarnation: lease.incarnation };
  const goesOn = Promise.withResolvers<void>();
  const settlement = createBrokerStore(kit.database.database).transaction(async (tx) => {
    expect(await tx.lockFence({ type: 'partition', ...lease, owner })).toBe(true);
    await goesOn.promise;
  });

  const next = await kit.open('still');

  expect(await receive(next)).toHaveLength(1);
  goesOn.resolve();
  await expect(settlement).rejects.toThrow();
  await next.close();
  await still.close().catch(() => undefined);
}, 40_000);
