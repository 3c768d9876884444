import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import {
  createTestBroker,
  indexOf,
  never,
  quickRetry,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { type Broker } from '../engine-parts.ts';
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

test('what was handed out at most once is not handed out again by the next, whoever stopped it', async () => {
  const seen: string[] = [];
  const open = async (life: string) => {
    const opened = await kit.open('once');
    await opened.broker.register(
      defineConsumer({
        name: 'once',
        description: '',
        version: '1',
        filter: { topics: ['once'] },
        guarantee: 'at-most-once',
        handle: async (event, { signal }) => {
          seen.push(`${life} ${event.id}`);
          if (life === 'last') return;
          await once(signal, 'abort');
          signal.throwIfAborted();
        },
      }),
    );
    return opened;
  };
  const seenOf = (what: string) =>
    until(
      () => seen,
      (all) => all.includes(what),
    );
  const killed = await open('killed');
  await kit.publish('once', ['k'], 'a');
  await seenOf('killed a0');
  const stopped = await open('stopped');
  await kit.publish('once', ['k'], 'b');
  await seenOf('stopped b0');

  await stopped.close();
  const last = await open('last');
  await kit.publish('once', ['k'], 'c');

  await seenOf('last c0');
  expect(seen).toEqual(['killed a0', 'stopped b0', 'last c0']);
  await last.close();
  await killed.close().catch(() => undefined);
}, 60_000);

/** A receiver asks, and what it would get cannot be recorded before `goOn`: its row in retries is perhaps another one's. */
async function receiveUnrecorded(
  own: TestBroker,
  broker: Broker,
  { name, event: { topic, offset } }: { readonly name: string; readonly event: StoredEvent },
) {
  const other = await own.database.database.pool.connect();
  await other.query('BEGIN');
  await other.query(
    `INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, state)
     SELECT s.id, e.topic_id, e."partition", e."offset", e.position, 'waiting' FROM events e JOIN topics t ON t.id = e.topic_id, subscriptions s
     WHERE t.name = $1 AND e."offset" = $2 AND s.name = $3`,
    [topic, offset, name],
  );
  const leaving = new AbortController();
  const received = broker.receive(name, { max: 1, waitMs: 3_000 }, leaving.signal);
  const blocked = () => own.rows('SELECT FROM pg_locks WHERE NOT granted');
  await until(blocked, (rows) => rows.length > 0);
  return {
    received,
    leave: () => leaving.abort(),
    goOn: async () => {
      await other.query('ROLLBACK');
      other.release();
    },
  };
}

test.each(['it has gone', 'the subscription is paused'])(
  'what is recorded for a receiver is not handed out when %s by then, and not counted as tried',
  async (what) => {
    // No other server is there that it could be handed to.
    const own = await createTestBroker();
    const isPaused = what.includes('paused');
    const name = isPaused ? 'paused' : 'gone';
    const dead = await own.open(name);
    await dead.broker.put(name, quickSettings({ filter: { topics: [name] } }), 'test');
    await own.publish(name, ['k'], name);
    const [first] = await dead.broker.receive(name, { max: 1, waitMs: 2_000 }, never);
    if (first === undefined) throw new Error('nothing came');
    const careful = await own.open(name);

    const { received, leave, goOn } = await receiveUnrecorded(own, careful.broker, {
      name,
      event: first.event,
    });
    if (isPaused) await careful.broker.pause(name, 'test');
    else leave();
    await goOn();

    expect(await received).toEqual([]);
    const recorded = () => own.rows(`SELECT FROM retries WHERE state = 'waiting'`);
    await until(recorded, (rows) => rows.length === 1);
    await careful.close();
    const next = await own.open(name);
    if (isPaused) await next.broker.resume(name, 'test');
    const [delivery] = await next.broker.receive(name, { max: 1, waitMs: 2_000 }, never);
    expect(delivery?.attempt).toBe(1);
    await own.drop();
  },
  20_000,
);

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
