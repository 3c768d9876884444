import { afterEach, beforeEach, expect, test } from 'vitest';
import { replayRequestSchema } from '#contracts/operation.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNode, type TestNodes } from '#server/testing/test-nodes.ts';
import {
  expectedIds,
  type Handled,
  idsOf,
  makeTopic,
  noting,
  publish,
} from '#server/testing/things-on-nodes.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

test('a replay asked for at one node is made where the consumer is, and its failures are retried', async () => {
  const handled: Handled[] = [];
  const failedOnce = new Set<string>();
  const a = await kit.open('a');
  await makeTopic(a);
  const b = await kit.open('b');
  const consumer = noting('b', handled, {
    handle: (event, ctx) => {
      if (ctx.replay !== undefined && !failedOnce.has(event.id)) {
        failedOnce.add(event.id);
        throw new Error('once');
      }
      handled.push({ node: 'b', id: event.id, key: event.subject ?? '' });
    },
    breaker: { failures: 1_000 },
  });
  await b.engine.broker.register(consumer);
  await publish(a, 60, 'r-');
  await until(
    () => handled.length,
    (count) => count === 60,
  );

  const operation = await a.engine.operations.replay(replayOf('noting', a), 'test');

  const done = await ended(a, 'id' in operation ? operation.id : '');
  expect(done.done).toBe(60);
  expect(idsOf(handled)).toEqual(
    [...expectedIds(['r-'], 60), ...expectedIds(['r-'], 60)].toSorted(),
  );
});

test('the operation of a node that died is finished by another', async () => {
  const handled: Handled[] = [];
  const a = await kit.open('a');
  await makeTopic(a);
  await a.engine.broker.register(noting('a', handled));
  await publish(a, 300, 'o-');
  await until(
    () => handled.length,
    (count) => count === 300,
  );
  const request = { ...replayOf('noting', a), ratePerSecond: 100 };
  const operation = await a.engine.operations.replay(request, 'test');
  const id = 'id' in operation ? operation.id : '';
  const b = await kit.open('b');
  await b.engine.broker.register(noting('b', handled));
  await until(
    () => b.engine.operations.get(id),
    ({ done }) => done > 50,
  );

  await a.freeze();

  await ended(b, id);
  const replayed = new Set(handled.filter(({ node }) => node === 'b').map((one) => one.id));
  expect(replayed.size).toBeGreaterThan(50);
  expect(new Set(handled.map((one) => one.id)).size).toBe(300);
});

const replayOf = (target: string, node: TestNode) =>
  replayRequestSchema.parse({
    from: 1,
    to: node.engine.log.tailPosition(),
    filter: { topic: ['things'] },
    target: { subscription: target },
  });
const ended = (node: TestNode, id: string) =>
  until(
    () => node.engine.operations.get(id),
    ({ state }) => state === 'done',
  );
