import { afterEach, beforeEach, expect, test } from 'vitest';
import { never, quickSettings, until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNodes } from '#server/testing/test-nodes.ts';
import {
  expectedIds,
  expectOrder,
  type Handled,
  idsOf,
  makeTopic,
  noting,
  ownersAre,
  PARTITIONS,
  publish,
} from '#server/testing/things-on-nodes.ts';
import { isEngineError } from '../errors.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

test('what a dead node had is taken, and a zombie changes nothing and comes back as a member', async () => {
  const handled: Handled[] = [];
  const hold = Promise.withResolvers<void>();
  let held = 0;
  const a = await kit.open('a');
  await makeTopic(a);
  await a.engine.broker.register(noting('a', handled));
  const b = await kit.open('b');
  const slow = noting('b', handled, {
    handle: async (event) => {
      held += 1;
      await hold.promise;
      if (Number(event.id.split('-')[1]) % 2 === 0) throw new Error('too late');
    },
  });
  await b.engine.broker.register(slow);
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  await publish(a, 400, 'left-');
  await until(
    () => held,
    (count) => count > 0,
  );

  await b.freeze();
  await ownersAre(kit, { a: PARTITIONS });
  await until(
    () => handled.length,
    (count) => count >= 400,
  );
  hold.resolve();
  b.thaw();

  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  expect(idsOf(handled)).toEqual(expectedIds(['left-'], 400));
  const { pool } = kit.database.database;
  const { rows } = await pool.query<{ attempts: number; retries: number }>(
    `SELECT (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM retries) AS retries`,
  );
  expect(rows).toEqual([{ attempts: 0, retries: 0 }]);
  const lag = await until(
    () => a.engine.broker.lag('noting'),
    ({ total }) => total === 0,
  );
  expect(lag.partitions).toHaveLength(PARTITIONS);
});

test('a zombie takes no acknowledgement of what is another one’s, and says so when it is a member again', async () => {
  const a = await kit.open('a');
  await makeTopic(a);
  const settings = quickSettings({ filter: { topics: ['things'] } });
  await a.engine.broker.put('pulled', settings, 'test');
  await publish(a, 20, 'z-');
  const got = await until(
    () => a.engine.broker.receive('pulled', { max: 50, waitMs: 200 }, never),
    (deliveries) => deliveries.length > 0,
  );
  const ids = got.map(({ deliveryId }) => deliveryId);

  await a.freeze();

  await expect(a.engine.broker.ack('pulled', ids)).rejects.toMatchObject({ code: 'unavailable' });
  a.thaw();
  // Until it is a member again it answers that it is not, and from then on as ever.
  const answer = await until(
    () => unlessBetween(a.engine.broker.ack('pulled', ids)),
    (one) => one !== null,
  );
  expect(answer).toEqual({ acknowledged: [], expired: ids });
  const again: string[] = [];
  await until(
    async () => {
      const more =
        (await unlessBetween(a.engine.broker.receive('pulled', { max: 50, waitMs: 200 }, never))) ??
        [];
      again.push(...more.map(({ event }) => event.id));
      const deliveryIds = more.map(({ deliveryId }) => deliveryId);
      if (deliveryIds.length === 0) return;
      const { acknowledged, expired } = await a.engine.broker.ack('pulled', deliveryIds);
      expect([acknowledged.toSorted(), expired]).toEqual([deliveryIds.toSorted(), []]);
    },
    () => again.length >= 20,
  );
  expect(again.toSorted()).toEqual(expectedIds(['z-'], 20));
});

/** Null when the server says that it cannot now, or that it is just taking up the group again; any other error is one. */
const unlessBetween = <Answer>(answer: Promise<Answer>): Promise<Answer | null> =>
  answer.catch((error: unknown) => {
    if (isEngineError(error, 'unavailable') || isEngineError(error, 'stopping')) return null;
    throw error;
  });

test('retries, parked events and letters follow their partition', async () => {
  const handled: Handled[] = [];
  let broken = true;
  const failing = (node: string) =>
    noting(node, handled, {
      handle: (event) => {
        if (broken && event.subject === 'key-1') throw new Error('not yet');
        handled.push({ node, id: event.id, key: event.subject ?? '' });
      },
      retry: { maxRetries: 100, baseMs: 100, factor: 1, maxMs: 100, jitter: 0 },
    });
  const a = await kit.open('a');
  await makeTopic(a);
  await a.engine.broker.register(failing('a'));
  await publish(a, 400, 'r-');
  await until(
    () => a.engine.broker.get('noting'),
    (one) => one.lag === 0 && one.retrying === 1 && one.parked === 9,
  );

  const b = await kit.open('b');
  await b.engine.broker.register(failing('b'));
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  await a.stop();
  await ownersAre(kit, { b: PARTITIONS });
  broken = false;

  await until(
    () => b.engine.broker.get('noting'),
    (one) => one.lag + one.retrying + one.parked === 0,
  );
  expect(idsOf(handled)).toEqual(expectedIds(['r-'], 400));
  expectOrder(handled, 'r-');
});

test('a letter that is retried at one node is handled where its partition is', async () => {
  const handled: Handled[] = [];
  let broken = true;
  const failing = (node: string) =>
    noting(node, handled, {
      handle: (event) => {
        if (broken) throw new Error('broken');
        handled.push({ node, id: event.id, key: event.subject ?? '' });
      },
      retry: { maxRetries: 0, baseMs: 20, factor: 1, maxMs: 20, jitter: 0 },
      breaker: { failures: 1_000 },
    });
  const a = await kit.open('a');
  await makeTopic(a);
  const b = await kit.open('b');
  await b.engine.broker.register(failing('b'));
  await publish(a, 1, 'letter-');
  const letters = await until(
    () => a.engine.deadLetters.list({ limit: 10 }),
    ({ items }) => items.length === 1,
  );
  broken = false;

  await a.engine.deadLetters.retry(letters.items[0]?.id ?? '', undefined, 'test');

  await until(
    () => a.engine.deadLetters.get(letters.items[0]?.id ?? ''),
    ({ status }) => status === 'resolved',
  );
  expect(handled).toEqual([{ node: 'b', id: 'letter-0', key: 'key-0' }]);
});
