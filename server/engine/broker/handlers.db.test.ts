import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  quickRetry,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { defineConsumer, NonRetryableError } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('delivers every event once and in order per key, and commits the offsets', async () => {
  const broker = await kit.open('handlers');
  const seen: string[] = [];
  await broker.broker.register(
    defineConsumer({
      name: 'all',
      description: '',
      version: '1',
      filter: { topics: ['orders'] },
      handle: async (event) => {
        await Promise.resolve();
        seen.push(`${event.subject}:${indexOf(event)}`);
      },
    }),
  );

  const keys = Array.from({ length: 1_000 }, (_, index) => `k${index % 7}`);
  await kit.publish('orders', keys);
  await until(
    () => seen.length,
    (count) => count === 1_000,
  );

  for (let key = 0; key < 7; key += 1) {
    const ofKey = seen
      .filter((one) => one.startsWith(`k${key}:`))
      .map((one) => Number(one.split(':')[1]));
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
  }
  const lag = await until(
    () => broker.broker.lag('all'),
    (one) => one.total === 0,
  );
  expect(lag.partitions).toHaveLength(4);
  await broker.close();
  const committed = await kit.rows<{ sum: number }>(
    `SELECT sum(committed)::int AS sum FROM subscription_partitions JOIN subscriptions s ON s.id = subscription_id WHERE s.name = 'all' AND owner IS NULL`,
  );
  expect(committed[0]?.sum).toBe(1_000);
});

test('what a handler publishes has derived ids and names its cause', async () => {
  const broker = await kit.open('publishing');
  await broker.broker.register(
    defineConsumer({
      name: 'emitter',
      description: '',
      version: '1',
      filter: { topics: ['causes'] },
      handle: (event, ctx) => {
        ctx.publish('effects', { type: 'effect', subject: event.subject ?? '', data: { n: 1 } });
        ctx.append('account-1', { type: 'booked' });
      },
    }),
  );
  const effects: unknown[] = [];
  await broker.broker.register(
    defineConsumer({
      name: 'effects-watcher',
      description: '',
      version: '1',
      filter: { topics: ['effects', 'account'] },
      handle: (event) => {
        effects.push({
          id: event.id,
          source: event.source,
          correlationid: event.correlationid,
          causationid: event.causationid,
          version: event.version,
        });
      },
    }),
  );

  await kit.publish('causes', ['x'], 'cause');
  await until(
    () => effects.length,
    (count) => count === 2,
  );

  expect(effects.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
    {
      id: 'cause0:emitter:0',
      source: 'emitter',
      correlationid: 'cause0',
      causationid: 'cause0',
      version: undefined,
    },
    {
      id: 'cause0:emitter:1',
      source: 'emitter',
      correlationid: 'cause0',
      causationid: 'cause0',
      version: 1,
    },
  ]);
  await broker.close();
});

test('a handler that takes too long has failed, and one that is not retryable is dead at once', async () => {
  const broker = await kit.open('failing');
  await broker.broker.register(
    defineConsumer({
      name: 'fails',
      description: '',
      version: '7',
      filter: { topics: ['failing'] },
      retry: { ...quickRetry, maxRetries: 1 },
      timeoutMs: 30,
      handle: async (event, ctx) => {
        if (indexOf(event) === 0)
          await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
        if (indexOf(event) === 1) throw new NonRetryableError('order 4711 has no address');
        // A thrown text is no Error, and must be handled all the same.
        if (indexOf(event) === 2) return Promise.reject({ odd: true });
      },
    }),
  );
  await kit.publish('failing', [null, null, null, null], 'f');
  const page = await until(
    () => broker.deadLetters.list({ subscription: 'fails', limit: 10 }),
    (one) => one.items.length === 3,
  );
  const byIndex = new Map(page.items.map((letter) => [indexOf(letter.event), letter]));
  expect(byIndex.get(0)?.attempts.map((one) => one.error.class)).toEqual([
    'HandlerTimeout',
    'HandlerTimeout',
  ]);
  expect(byIndex.get(1)?.attempts).toHaveLength(1);
  expect(byIndex.get(1)?.attempts[0]?.handlerVersion).toBe('7');
  expect(byIndex.get(2)?.errorMessage).toBe('{"odd":true}');
  const groups = (await broker.deadLetters.groups()).filter(
    (group) => group.subscription === 'fails',
  );
  expect(groups).toHaveLength(3);
  expect(groups.map((group) => group.message)).toContain('order N has no address');
  await broker.close();
});

test('effectively once: a crash between two tries leaves each effect once', async () => {
  const { pool } = kit.database.database;
  await pool.query('CREATE TABLE IF NOT EXISTS effects_seen (id text, n integer)');
  const broker = await kit.open('once');
  let failing = true;
  await broker.broker.register(
    defineConsumer({
      name: 'once',
      description: '',
      version: '1',
      filter: { topics: ['once'] },
      guarantee: 'effectively-once',
      // Enough tries to be still failing when the cause is removed, however slow the machine.
      retry: { ...quickRetry, maxRetries: 100, maxMs: 50 },
      handle: async (event, ctx) => {
        await ctx.tx.query('INSERT INTO effects_seen VALUES ($1, 1)', [event.id]);
        ctx.publish('once-out', { type: 'out' });
        if (failing && indexOf(event) % 3 === 0) throw new Error('after the write');
      },
    }),
  );
  await kit.publish(
    'once',
    Array.from({ length: 30 }, (_, i) => `k${i}`),
    'o',
  );
  await until(
    () => kit.rows('SELECT 1 FROM effects_seen'),
    (seen) => seen.length === 20,
  );
  failing = false;
  await until(
    () => kit.rows('SELECT 1 FROM effects_seen'),
    (seen) => seen.length === 30,
  );

  // Delivered again as after a crash before the commit of the offsets.
  const before = await broker.broker.get('once');
  await broker.close();
  await pool.query(
    `UPDATE subscription_partitions SET committed = 0, committed_position = 0, owner = 'once', owner_incarnation = gen_random_uuid()
     WHERE subscription_id = (SELECT id FROM subscriptions WHERE name = 'once')`,
  );
  const next = await kit.open('once');
  let calls = 0;
  await next.broker.register(
    defineConsumer({
      name: 'once',
      description: '',
      version: '1',
      filter: { topics: ['once'] },
      guarantee: 'effectively-once',
      retry: quickRetry,
      handle: async (event, ctx) => {
        calls += 1;
        await ctx.tx.query('INSERT INTO effects_seen VALUES ($1, 1)', [event.id]);
      },
    }),
  );
  await until(
    () => next.broker.lag('once'),
    (lag) => lag.total === 0,
  );
  expect(before.lag).toBe(0);
  expect(calls).toBe(0);
  expect(await kit.rows('SELECT 1 FROM effects_seen')).toHaveLength(30);
  await next.close();
});
