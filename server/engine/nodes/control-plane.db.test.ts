import { afterEach, beforeEach, expect, test } from 'vitest';
import { topicSettingsSchema } from '#contracts/topic.ts';
import { selectSubscription } from '#server/storage/subscription-rows.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNodes } from '#server/testing/test-nodes.ts';
import {
  expectedIds,
  type Handled,
  idsOf,
  makeTopic,
  noting,
  ownersAre,
  PARTITIONS,
  publish,
} from '#server/testing/things-on-nodes.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

test('several nodes that register the same consumer at once all succeed', async () => {
  const handled: Handled[] = [];
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => kit.open(name)));
  const [a] = nodes;
  if (a === undefined) throw new Error('no node');
  await makeTopic(a);

  await Promise.all(nodes.map((node) => node.engine.broker.register(noting(node.nodeId, handled))));

  await ownersAre(kit, { a: PARTITIONS / 3, b: PARTITIONS / 3, c: PARTITIONS / 3 });
  await publish(a, 300, 'all-');
  await until(
    () => handled.length,
    (count) => count >= 300,
  );
  expect(idsOf(handled)).toEqual(expectedIds(['all-'], 300));
});

test('pause, resume, breaker, settings and removal take effect at the other node', async () => {
  const handled: Handled[] = [];
  const a = await kit.open('a');
  await makeTopic(a);
  const b = await kit.open('b');
  await b.engine.broker.register(noting('b', handled));
  const atA = () => a.engine.broker.get('noting');
  await until(
    () => a.engine.broker.list(),
    (list) => list.length === 1,
  );
  const stateAtB = (state: string) =>
    until(
      () => b.engine.broker.get('noting'),
      (one) => one.state === state,
    );

  await a.engine.broker.pause('noting', 'test');
  await stateAtB('paused');
  await publish(a, 50, 'p-');
  await until(atA, (one) => one.lag === 50);
  expect(handled).toEqual([]);
  await a.engine.broker.resume('noting', 'test');
  await until(
    () => handled.length,
    (count) => count === 50,
  );
  await a.engine.broker.setBreaker('noting', 'open', 'test');
  await until(
    () => b.engine.broker.get('noting'),
    (one) => one.breaker.state === 'open',
  );
  await a.engine.broker.setBreaker('noting', 'closed', 'test');
  await until(
    () => b.engine.broker.get('noting'),
    (one) => one.breaker.state === 'closed',
  );
  const { settings } = await storedSettings('noting');
  await a.engine.broker.put('noting', { ...settings, concurrency: 3 }, 'test');
  await until(
    () => b.engine.broker.get('noting'),
    (one) => one.concurrency === 3,
  );
  await publish(a, 50, 'q-');
  await until(
    () => handled.length,
    (count) => count === 100,
  );
  await a.engine.broker.remove('noting', 'test');
  await until(
    () => b.engine.broker.list(),
    (list) => list.length === 0,
  );
  expect(idsOf(handled)).toEqual(expectedIds(['p-', 'q-'], 50));
});

test('a reset at one node delivers again from there wherever the partitions are', async () => {
  const handled: Handled[] = [];
  const a = await kit.open('a');
  await makeTopic(a);
  const b = await kit.open('b');
  await a.engine.broker.register(noting('a', handled));
  await b.engine.broker.register(noting('b', handled));
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  await publish(a, 200, 'again-');
  await until(
    () => handled.length,
    (count) => count === 200,
  );

  const answer = await a.engine.broker.reset('noting', 'earliest', false, 'test');

  expect(answer.redelivered).toBe(200);
  await until(
    () => handled.length,
    (count) => count >= 400,
  );
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  expect(idsOf(handled)).toEqual(
    [...expectedIds(['again-'], 200), ...expectedIds(['again-'], 200)].toSorted(),
  );
  await until(
    () => b.engine.broker.lag('noting'),
    ({ total }) => total === 0,
  );
});

test('topics that all nodes make at the same moment are made once, and none is refused', async () => {
  const nodes = await Promise.all(['a', 'b', 'c'].map((nodeId) => kit.open(nodeId)));
  const names = Array.from({ length: 10 }, (_, index) => `made-${index}`);
  const settings = topicSettingsSchema.parse({ partitions: 3 });

  const made = await Promise.all(
    names.map((name) =>
      Promise.all(nodes.map(({ engine }) => engine.topics.put(name, settings, 'test'))),
    ),
  );

  expect(made.map((answers) => answers.filter(({ created }) => created).length)).toEqual(
    names.map(() => 1),
  );
});

async function storedSettings(name: string) {
  const { pool } = kit.database.database;
  const row = await selectSubscription(pool, name);
  if (row === null) throw new Error(`no subscription ${name}`);
  return row;
}
