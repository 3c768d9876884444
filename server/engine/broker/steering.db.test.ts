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
import { defineConsumer } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('a paused subscription gets nothing, keeps its lag, and goes on when resumed', async () => {
  const broker = await kit.open('pausing');
  const seen: number[] = [];
  await broker.broker.register(
    defineConsumer({
      name: 'pausable',
      description: '',
      version: '1',
      filter: { topics: ['pausing'] },
      handle: (event) => {
        seen.push(indexOf(event));
      },
    }),
  );
  expect((await broker.broker.pause('pausable', 'test')).state).toBe('paused');
  await kit.publish('pausing', ['a', 'b', 'c'], 'z');
  await until(
    () => broker.broker.get('pausable'),
    (one) => one.lag === 3,
  );
  expect(seen).toEqual([]);
  expect(broker.redelivery.targetState('pausable')).toMatchObject({
    type: 'waiting',
    reason: 'paused',
  });
  await broker.broker.resume('pausable', 'test');
  await until(
    () => seen.length,
    (count) => count === 3,
  );
  const facts = await until(
    () =>
      kit.rows<{ type: string }>(
        `SELECT type FROM events WHERE subject = 'pausable' ORDER BY position`,
      ),
    (all) => all.length === 3,
  );
  expect(facts.map((fact) => fact.type)).toEqual([
    'weir.subscription.created',
    'weir.subscription.paused',
    'weir.subscription.resumed',
  ]);
  await broker.close();
});

test('a reset is previewed without effect, and then delivers again from there', async () => {
  const broker = await kit.open('resetting');
  const seen: string[] = [];
  await broker.broker.register(
    defineConsumer({
      name: 'resettable',
      description: '',
      version: '1',
      filter: { topics: ['resetting'] },
      handle: (event) => {
        seen.push(event.id);
      },
    }),
  );
  await kit.publish(
    'resetting',
    Array.from({ length: 40 }, (_, i) => `k${i}`),
    'x',
  );
  await until(
    () => broker.broker.lag('resettable'),
    (lag) => lag.total === 0,
  );
  await until(
    () => seen.length,
    (count) => count === 40,
  );

  const preview = await broker.broker.reset('resettable', 'earliest', true, 'test');
  expect(preview).toMatchObject({ dryRun: true, redelivered: 40, skipped: 0 });
  expect(preview.partitions.every((one) => one.after === 0 && one.eventTime !== null)).toBe(true);
  expect(seen).toHaveLength(40);

  const middle = await kit.rows<{ position: number }>(
    `SELECT position FROM events WHERE event_id = 'x20'`,
  );
  const done = await broker.broker.reset(
    'resettable',
    { position: middle[0]?.position ?? 0 },
    false,
    'test',
  );
  expect(done.redelivered).toBe(20);
  await until(
    () => seen.length,
    (count) => count === 60,
  );
  expect(seen.slice(40).toSorted()).toEqual(
    Array.from({ length: 20 }, (_, i) => `x${i + 20}`).toSorted(),
  );
  await broker.close();
});

test('a replay goes to its target alone, is marked, and moves no offset', async () => {
  const broker = await kit.open('replaying');
  const seen: (string | undefined)[] = [];
  let failures = 1;
  const target = defineConsumer({
    name: 'target',
    description: '',
    version: '1',
    filter: { topics: ['replaying'] },
    retry: quickRetry,
    handle: (event, ctx) => {
      if (ctx.replay && indexOf(event) === 1 && failures > 0) {
        failures -= 1;
        throw new Error('once');
      }
      seen.push(ctx.replay?.operationId);
    },
  });
  await broker.broker.register(target);
  await kit.publish('replaying', ['a', 'b', 'c'], 'rp');
  await until(
    () => seen.length,
    (count) => count === 3,
  );
  const lag = await until(
    () => broker.broker.lag('target'),
    (one) => one.total === 0,
  );

  const topic = kit.topics.find('replaying');
  const cursors = [0, 1, 2, 3].map((partition) => ({
    topicId: topic?.id ?? 0,
    partition,
    offset: 0,
    position: 0,
  }));
  const records = await kit.log.readPartitions(cursors, 10);
  const operationId = 'bbbbbbbb-0000-4000-8000-000000000001';
  const ends = await Promise.all(
    records.map((record) => broker.redelivery.deliver('target', record, { operationId })),
  );

  expect(ends).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
  expect(seen.slice(3)).toEqual([operationId, operationId, operationId]);
  expect((await broker.broker.lag('target')).partitions.map((one) => one.committed)).toEqual(
    lag.partitions.map((one) => one.committed),
  );
  await broker.close();
});

test('start latest hears only what comes after, also of topics that come later from their beginning', async () => {
  const broker = await kit.open('starting');
  await kit.publish('starting', ['a', 'b'], 'old');
  await broker.broker.put(
    'late',
    quickSettings({ filter: { topics: ['starting*'] }, start: 'latest' }),
    'test',
  );
  await kit.publish('starting', ['a'], 'new');
  await kit.publish('starting-later', ['a'], 'first');

  const ids: string[] = [];
  while (ids.length < 2) {
    const deliveries = await broker.broker.receive('late', { max: 10, waitMs: 1_000 }, never);
    ids.push(...deliveries.map((one) => one.event.id));
    await broker.broker.ack(
      'late',
      deliveries.map((one) => one.deliveryId),
    );
  }
  expect(ids.toSorted()).toEqual(['first0', 'new0']);
  await broker.broker.remove('late', 'test');
  await expect(broker.broker.get('late')).rejects.toMatchObject({ code: 'unknown-subscription' });
  await broker.close();
});
