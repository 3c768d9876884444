import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PulledDelivery } from '#contracts/subscription.ts';
import { insertClaims } from '#server/storage/claim-rows.ts';
import {
  createTestBroker,
  indexOf,
  never,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { type Broker } from '../engine-parts.ts';
import { defineConsumer } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

const queueOf = (topic: string, over: Record<string, unknown> = {}) =>
  quickSettings({ mode: 'queue', filter: { topics: [topic] }, ...over });
const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i % 40}`);
const oneKey = (count: number): string[] => Array.from({ length: count }, () => 'one');
const idsOf = (deliveries: readonly PulledDelivery[]): string[] =>
  deliveries.map((delivery) => delivery.deliveryId);
const indexesOf = (deliveries: readonly PulledDelivery[]): number[] =>
  deliveries.map((delivery) => indexOf(delivery.event)).toSorted((a, b) => a - b);
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

type StoredClaim = {
  readonly id: number;
  readonly epoch: number;
  readonly low: number;
  readonly high: number;
  readonly done: string;
  readonly owner: string | null;
};
const claimsOf = async (name: string): Promise<StoredClaim[]> => {
  const result = await kit.database.database.pool.query<StoredClaim>(
    `SELECT c.id, c.epoch, c.from_offset AS low, c.to_offset AS high, c.done::text AS done, c.owner
     FROM claims c JOIN subscriptions s ON s.id = c.subscription_id WHERE s.name = $1 ORDER BY c.id`,
    [name],
  );
  return result.rows;
};

/** Receives until `count` deliveries are there, acknowledging none. */
async function receiveAll(broker: Broker, name: string, count: number): Promise<PulledDelivery[]> {
  const all: PulledDelivery[] = [];
  while (all.length < count) {
    const got = await broker.receive(name, { max: count - all.length, waitMs: 5_000 }, never);
    if (got.length === 0) throw new Error(`only ${all.length} of ${count} came`);
    all.push(...got);
  }
  return all;
}

/** Receives and acknowledges until nothing comes for a while. */
async function drain(broker: Broker, name: string, max: number): Promise<PulledDelivery[]> {
  const all: PulledDelivery[] = [];
  for (;;) {
    const got = await broker.receive(name, { max, waitMs: 700 }, never);
    if (got.length === 0) return all;
    all.push(...got);
    await broker.ack(name, idsOf(got));
  }
}

describe('competing consumers', () => {
  test('receivers of two servers share the events: each is acknowledged once', async () => {
    const first = await kit.open('compete-a');
    await first.broker.put('compete', queueOf('compete'), 'test');
    const second = await kit.open('compete-b');
    await kit.publish('compete', keysOf(1_000), 'c');

    const taken = await Promise.all([
      drain(first.broker, 'compete', 7),
      drain(first.broker, 'compete', 50),
      drain(second.broker, 'compete', 3),
      drain(second.broker, 'compete', 100),
    ]);

    expect(indexesOf(taken.flat())).toEqual(numbers(0, 1_000));
    expect(taken.flat().every((delivery) => delivery.attempt === 1)).toBe(true);
    for (const { broker } of [first, second]) {
      const lag = await until(
        () => broker.lag('compete'),
        (one) => one.total === 0,
      );
      expect(lag.partitions.every((partition) => partition.owner === null)).toBe(true);
    }
    await until(
      () => claimsOf('compete'),
      (claims) => claims.length === 0,
    );
    await first.close();
    await second.close();
  });

  test('callers that claim at once never get the same offset, and nothing is left out', async () => {
    const node = await kit.open('ranges');
    await node.broker.put('ranges', queueOf('ranges'), 'test');
    await node.close();
    const { pool } = kit.database.database;
    await kit.publish('ranges', oneKey(1), 'r');
    const { rows } = await pool.query<{ id: number; topicId: number; partition: number }>(
      `SELECT s.id, q.topic_id AS "topicId", q."partition" FROM queue_cursors q JOIN subscriptions s ON s.id = q.subscription_id
       WHERE s.name = 'ranges'`,
    );
    const id = rows[0]?.id ?? 0;
    const wish = { head: 500, limit: 7, known: 0, position: 0 };
    const wishes = rows.map(({ topicId, partition }) => ({ ...wish, topicId, partition }));
    const owner = { nodeId: 'ranges', incarnation: '00000000-0000-4000-8000-000000000001' };

    const claimed = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const mine = [];
        for (;;) {
          const got = await insertClaims(pool, id, owner, wishes);
          if (got.length === 0) return mine;
          mine.push(...got);
        }
      }),
    );

    for (const { partition } of rows) {
      const ranges = claimed
        .flat()
        .filter((claim) => claim.partition === partition)
        .toSorted((a, b) => a.from - b.from);
      let next = 0;
      for (const range of ranges) {
        expect(range.from).toBe(next);
        next = range.to;
      }
      expect(next).toBe(500);
    }
  });

  test('what is not acknowledged in time comes again, and its old id is expired', async () => {
    const node = await kit.open('timing');
    const delivery = { kind: 'pull', visibilityMs: 100 };
    await node.broker.put('timing', queueOf('timing', { delivery }), 'test');
    await kit.publish('timing', keysOf(3), 't');
    const [first, ...others] = await receiveAll(node.broker, 'timing', 3);
    await node.broker.ack('timing', idsOf(others));

    const [again] = await receiveAll(node.broker, 'timing', 1);

    expect(again?.event.id).toBe(first?.event.id);
    expect(again?.attempt).toBe(2);
    expect(await node.broker.ack('timing', [first?.deliveryId ?? ''])).toEqual({
      acknowledged: [],
      expired: [first?.deliveryId],
    });
    await node.broker.ack('timing', [again?.deliveryId ?? '']);
    expect(await drain(node.broker, 'timing', 10)).toEqual([]);
    await node.close();
  });

  test('exactly the nacked 5 % become letters', async () => {
    const node = await kit.open('nacking');
    await node.broker.put('nacking', queueOf('nacking'), 'test');
    await kit.publish('nacking', keysOf(400), 'n');
    const attempts = new Map<number, number>();
    for (;;) {
      const got = await node.broker.receive('nacking', { max: 50, waitMs: 700 }, never);
      if (got.length === 0) break;
      const bad = got.filter((one) => indexOf(one.event) % 20 === 0);
      for (const one of got) attempts.set(indexOf(one.event), one.attempt);
      for (const { deliveryId } of bad) {
        const error = { class: 'Declined', message: 'no', stack: null };
        await node.broker.nack('nacking', { deliveryId, error, retryable: true });
      }
      const good = got.filter((one) => !bad.includes(one));
      await node.broker.ack('nacking', idsOf(good));
    }

    expect(attempts.size).toBe(400);
    for (const [index, attempt] of attempts) expect(attempt).toBe(index % 20 === 0 ? 4 : 1);
    const subscription = await until(
      () => node.broker.get('nacking'),
      (one) => one.deadLetters === 20,
    );
    expect(subscription).toMatchObject({ mode: 'queue', lag: 0, retrying: 0, onFailure: 'skip' });
    await node.close();
  });

  test('letters of one key that are given back do not wait for one another', async () => {
    const node = await kit.open('regiven');
    const { broker, deadLetters } = node;
    await broker.put('regiven', queueOf('regiven'), 'test');
    await kit.publish('regiven', oneKey(2), 'regiven');
    const error = { class: 'Declined', message: 'no', stack: null };
    for (const { deliveryId } of await receiveAll(broker, 'regiven', 2))
      await broker.nack('regiven', { deliveryId, error, retryable: false });

    for (const { id } of (await deadLetters.list({ subscription: 'regiven', limit: 5 })).items)
      await deadLetters.retry(id, undefined, 'test');

    const again = await receiveAll(broker, 'regiven', 2);
    expect(indexesOf(again)).toEqual([0, 1]);
    await broker.ack('regiven', idsOf(again));
    await node.close();
  });
});

describe('claims', () => {
  test('of a server that died only the undone part comes again, and the zombie changes nothing', async () => {
    const first = await kit.open('dying');
    await first.broker.put('dying', queueOf('dying'), 'test');
    await kit.publish('dying', oneKey(60), 'd');
    const held = await receiveAll(first.broker, 'dying', 30);
    const acknowledged = held.filter((one) => indexOf(one.event) % 3 === 0);
    await first.broker.ack('dying', idsOf(acknowledged));
    await until(
      () => claimsOf('dying'),
      (claims) => claims.some((claim) => claim.done.includes(',')),
    );

    // The next life of the same server, while the first one still believes in its claims.
    const second = await kit.open('dying');
    const seen = await receiveAll(second.broker, 'dying', 1);
    const before = await claimsOf('dying');
    for (const { low, epoch } of before) expect(epoch).toBe(low < 30 ? 2 : 1);
    const inHand = held.filter((one) => !acknowledged.includes(one));
    expect((await first.broker.ack('dying', idsOf(inHand))).expired).toEqual([]);
    await first.close();
    expect(await claimsOf('dying')).toEqual(before);

    await second.broker.ack('dying', idsOf(seen));
    const rest = await drain(second.broker, 'dying', 100);
    const expected = numbers(0, 60).filter((index) => index >= 30 || index % 3 !== 0);
    expect(indexesOf([...seen, ...rest])).toEqual(expected);
    await until(
      () => claimsOf('dying'),
      (claims) => claims.length === 0,
    );
    await second.close();
  });

  test('a clean stop gives back the undone part, and another server delivers it as a first attempt', async () => {
    const first = await kit.open('leaving-a');
    await first.broker.put('leaving', queueOf('leaving'), 'test');
    await kit.publish('leaving', oneKey(50), 'l');
    const held = await receiveAll(first.broker, 'leaving', 10);
    await first.broker.ack('leaving', idsOf(held.slice(0, 5)));
    await first.close();
    const given = await claimsOf('leaving');
    expect(given.map(({ owner, low }) => ({ owner, low }))).toContainEqual({ owner: null, low: 5 });

    const second = await kit.open('leaving-b');
    const rest = await drain(second.broker, 'leaving', 20);

    expect(indexesOf(rest)).toEqual(numbers(5, 50));
    expect(rest.every((one) => one.attempt === 1)).toBe(true);
    await second.close();
  });

  test('the lag ends at the first event that is not done', async () => {
    const node = await kit.open('lagging');
    await node.broker.put('lagging', queueOf('lagging'), 'test');
    await kit.publish('lagging', oneKey(30), 'g');
    const held = await receiveAll(node.broker, 'lagging', 30);
    const lag = async () => (await node.broker.lag('lagging')).total;

    await node.broker.ack('lagging', idsOf(held.slice(20)));
    expect(await lag()).toBe(30);
    await node.broker.ack('lagging', idsOf(held.slice(0, 10)));
    expect(await lag()).toBe(20);
    const other = await kit.open('lagging-other');
    await until(
      () => other.broker.lag('lagging'),
      (one) => one.total === 20,
    );
    const done = await node.broker.deliveriesOf('g25');
    const open = await node.broker.deliveriesOf('g15');
    expect(done).toMatchObject([{ subscription: 'lagging', state: 'handled' }]);
    expect(open).toMatchObject([{ subscription: 'lagging', state: 'pending' }]);
    await node.broker.ack('lagging', idsOf(held.slice(10, 20)));
    expect(await lag()).toBe(0);
    await other.close();
    await node.close();
  });

  test('receivers that stay away do not keep what others could have', async () => {
    const first = await kit.open('idle-a');
    await first.broker.put('idle', queueOf('idle'), 'test');
    await kit.publish('idle', oneKey(8), 'i');
    const held = await receiveAll(first.broker, 'idle', 1);
    await first.broker.ack('idle', idsOf(held));
    const second = await kit.open('idle-b');

    const rest = await until(
      () => drain(second.broker, 'idle', 10),
      (got) => got.length > 0,
    );

    expect(indexesOf(rest)).toEqual(numbers(1, 8));
    await first.close();
    await second.close();
  });
});

describe('handlers', () => {
  test.for(['at-least-once', 'effectively-once', 'at-most-once'] as const)(
    'each event is handled once, also when some fail first (%s)',
    async (guarantee) => {
      const node = await kit.open(`handling-${guarantee}`);
      const topic = `handling-${guarantee}`;
      const handled: number[] = [];
      await node.broker.register(
        defineConsumer({
          name: topic,
          description: '',
          version: '1',
          mode: 'queue',
          filter: { topics: [topic] },
          guarantee,
          retry: { maxRetries: 3, baseMs: 10 },
          breaker: { failures: 1_000 },
          handle: async (event, ctx) => {
            await Promise.resolve();
            const fails = guarantee !== 'at-most-once' && indexOf(event) % 10 === 0;
            if (fails && ctx.attempt === 1) throw new Error('not yet');
            handled.push(indexOf(event));
          },
        }),
      );

      await kit.publish(topic, keysOf(600), guarantee);
      await until(
        () => handled.length,
        (count) => count >= 600,
      );
      await until(
        () => node.broker.lag(topic),
        (lag) => lag.total === 0,
      );
      await node.close();

      expect(handled.toSorted((a, b) => a - b)).toEqual(numbers(0, 600));
      expect(await claimsOf(topic)).toEqual([]);
    },
  );
});

describe('a queue has no replay', () => {
  test('it is purged, and neither rewound nor made a stream', async () => {
    const node = await kit.open('ruling');
    const settings = queueOf('ruling');
    await node.broker.put('ruling', settings, 'test');
    await kit.publish('ruling', keysOf(20), 'p');
    await receiveAll(node.broker, 'ruling', 5);

    await expect(node.broker.reset('ruling', 'earliest', false, 'test')).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('a queue has no replay'),
    });
    await expect(
      node.broker.put('ruling', { ...settings, mode: 'stream' }, 'test'),
    ).rejects.toMatchObject({ code: 'invalid-request', details: { field: 'mode' } });
    await expect(
      node.broker.put('ruling', { ...settings, onFailure: 'block' }, 'test'),
    ).rejects.toMatchObject({ code: 'invalid-request', details: { field: 'onFailure' } });
    expect(await node.broker.put('ruling', settings, 'test')).toMatchObject({ created: false });

    const answer = await node.broker.reset('ruling', 'latest', false, 'test');
    expect(answer).toMatchObject({ redelivered: 0, skipped: 20 });
    expect(await drain(node.broker, 'ruling', 50)).toEqual([]);
    expect((await node.broker.lag('ruling')).total).toBe(0);
    await kit.publish('ruling', keysOf(3), 'after');
    expect(await drain(node.broker, 'ruling', 50)).toHaveLength(3);
    await node.close();
  });
});
