import { afterEach, beforeEach, expect, test } from 'vitest';
import { never, quickSettings, until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNode, type TestNodes } from '#server/testing/test-nodes.ts';
import {
  expectedIds,
  expectOrder,
  type Handled,
  idsOf,
  makeTopic,
  noting,
  owners,
  ownersAre,
  PARTITIONS,
  publish,
} from '#server/testing/things-on-nodes.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

test('a node that joins is given its share, and what it gives back when it leaves is delivered once', async () => {
  const handled: Handled[] = [];
  const a = await kit.open('a');
  await makeTopic(a);
  await a.engine.broker.register(noting('a', handled));
  await ownersAre(kit, { a: PARTITIONS });
  await publish(a, 1_000, 'one-');

  const b = await kit.open('b');
  await b.engine.broker.register(noting('b', handled));
  await publish(a, 1_000, 'two-');
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  await publish(b, 1_000, 'three-');
  await until(
    () => handled.length,
    (count) => count >= 3_000,
  );
  expect(new Set(handled.map(({ node }) => node))).toEqual(new Set(['a', 'b']));
  await publish(a, 1_000, 'four-');
  await b.stop();
  await ownersAre(kit, { a: PARTITIONS });
  await publish(a, 1_000, 'five-');

  await until(
    () => handled.length,
    (count) => count >= 5_000,
  );
  const prefixes = ['one-', 'two-', 'three-', 'four-', 'five-'];
  expect(idsOf(handled)).toEqual(expectedIds(prefixes, 1_000));
  for (const prefix of prefixes) expectOrder(handled, prefix);
});

test('a node without the handler has no partition of it', async () => {
  const handled: Handled[] = [];
  const a = await kit.open('a');
  await makeTopic(a);
  await kit.open('b');
  await a.engine.broker.register(noting('a', handled));

  await publish(a, 100, 'only-');

  await until(
    () => handled.length,
    (count) => count >= 100,
  );
  expect(await owners(kit)).toEqual({ a: PARTITIONS });
});

test('who receives at one node only is given everything; two share', async () => {
  const a = await kit.open('a');
  await makeTopic(a);
  const settings = quickSettings({ filter: { topics: ['things'] } });
  const b = await kit.open('b');
  await a.engine.broker.put('pulled', settings, 'test');
  await until(
    () => b.engine.broker.list(),
    (list) => list.some(({ name }) => name === 'pulled'),
  );
  await publish(a, 200, 'all-');
  const received: string[] = [];
  const drain = async ({ engine }: TestNode): Promise<number> => {
    const got = await engine.broker.receive('pulled', { max: 50, waitMs: 200 }, never);
    received.push(...got.map(({ event }) => event.id));
    await engine.broker.ack(
      'pulled',
      got.map(({ deliveryId }) => deliveryId),
    );
    return got.length;
  };

  await until(
    () => drain(b),
    () => received.length >= 200,
  );
  await ownersAre(kit, { b: PARTITIONS });
  await until(
    () => drain(a),
    () => true,
  );
  await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
  await publish(a, 200, 'shared-');
  await until(
    async () => (await drain(a)) + (await drain(b)),
    () => received.length >= 400,
  );

  expect(received.toSorted()).toEqual(expectedIds(['all-', 'shared-'], 200));
});
