import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  never,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { statementsOn } from './broker-store.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('exactly the nacked 5 % of 2,000 events become letters after 1 + 3 attempts', async () => {
  const broker = await kit.open('nacking');
  await broker.broker.put('nacker', quickSettings({ filter: { topics: ['nacks'] } }), 'test');
  await kit.publish(
    'nacks',
    Array.from({ length: 2_000 }, (_, i) => `k${i}`),
    'n',
  );

  const acknowledged = new Set<number>();
  for (;;) {
    const deliveries = await broker.broker.receive('nacker', { max: 100, waitMs: 300 }, never);
    const good = deliveries.filter((one) => indexOf(one.event) % 20 !== 0);
    for (const one of good) acknowledged.add(indexOf(one.event));
    if (good.length > 0)
      await broker.broker.ack(
        'nacker',
        good.map((one) => one.deliveryId),
      );
    for (const one of deliveries.filter((each) => !good.includes(each))) {
      await broker.broker.nack('nacker', {
        deliveryId: one.deliveryId,
        error: { class: 'Rejected', message: `no ${one.event.id}`, stack: null },
        retryable: true,
      });
    }
    const state = await broker.broker.get('nacker');
    if (deliveries.length === 0 && state.retrying === 0 && state.lag === 0) break;
  }

  expect(acknowledged.size).toBe(1_900);
  const letters = await kit.rows<{ attempt_count: number; n: number }>(
    `SELECT attempt_count, count(*)::int AS n FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id WHERE s.name = 'nacker' GROUP BY 1`,
  );
  expect(letters).toEqual([{ attempt_count: 4, n: 100 }]);
  expect(
    await kit.rows(
      `SELECT 1 FROM attempts a JOIN subscriptions s ON s.id = a.subscription_id WHERE s.name = 'nacker'`,
    ),
  ).toHaveLength(400);

  // Redriven with a repaired consumer, none stays.
  const settled: string[] = [];
  broker.redelivery.onLetterSettled((letter) => settled.push(letter.outcome));
  const ids = (
    await kit.rows<{ id: string }>(
      `SELECT l.id FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id WHERE s.name = 'nacker'`,
    )
  ).map((row) => row.id);
  const operationId = 'aaaaaaaa-0000-4000-8000-000000000001';
  const client = await kit.database.database.pool.connect();
  await client.query('BEGIN');
  expect(await broker.redelivery.redrive(statementsOn(client), ids, operationId)).toHaveLength(100);
  await client.query('COMMIT');
  client.release();
  broker.redelivery.wake('nacker');
  let marked = 0;
  while (settled.length < 100) {
    const deliveries = await broker.broker.receive('nacker', { max: 50, waitMs: 500 }, never);
    marked += deliveries.filter(
      (one) => one.redrive?.operationId === operationId && one.attempt === 1,
    ).length;
    await broker.broker.ack(
      'nacker',
      deliveries.map((one) => one.deliveryId),
    );
  }
  expect(marked).toBe(100);
  expect(new Set(settled)).toEqual(new Set(['resolved']));
  await broker.close();
}, 60_000);

test('a delivery that is not acknowledged in time comes again, and its old id is expired', async () => {
  const broker = await kit.open('visible');
  const settings = quickSettings({
    filter: { topics: ['visible'] },
    delivery: { kind: 'pull', visibilityMs: 100 },
  });
  await broker.broker.put('visible', settings, 'test');
  await kit.publish('visible', ['a', 'a'], 'v');

  const [first, ...others] = await broker.broker.receive(
    'visible',
    { max: 10, waitMs: 1_000 },
    never,
  );
  expect(others).toEqual([]);
  const again = await until(
    () => broker.broker.receive('visible', { max: 10, waitMs: 100 }, never),
    (deliveries) => deliveries.length > 0,
  );
  expect(again[0]?.attempt).toBe(2);
  expect(again[0]?.event.id).toBe(first?.event.id);
  const old = await broker.broker.ack('visible', [first?.deliveryId ?? '']);
  expect(old.expired).toEqual([first?.deliveryId]);
  await broker.broker.ack('visible', [again[0]?.deliveryId ?? '']);
  const next = await broker.broker.receive('visible', { max: 10, waitMs: 1_000 }, never);
  expect(next.map((one) => one.event.id)).toEqual(['v1']);
  await broker.close();
});

test('receive with nothing to give answers at once, and an aborted one takes nothing with it', async () => {
  const broker = await kit.open('empty');
  await broker.broker.put('empty', quickSettings({ filter: { topics: ['empty'] } }), 'test');
  expect(await broker.broker.receive('empty', { max: 5, waitMs: 0 }, never)).toEqual([]);

  const gone = new AbortController();
  const waiting = broker.broker.receive('empty', { max: 5, waitMs: 20_000 }, gone.signal);
  gone.abort();
  expect(await waiting).toEqual([]);
  await kit.publish('empty', ['a'], 'm');
  const deliveries = await broker.broker.receive('empty', { max: 5, waitMs: 5_000 }, never);
  expect(deliveries.map((one) => one.attempt)).toEqual([1]);
  await broker.close();
});
