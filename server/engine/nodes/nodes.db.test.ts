import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replayRequestSchema } from '#contracts/operation.ts';
import { topicSettingsSchema } from '#contracts/topic.ts';
import { selectSubscription } from '#server/storage/subscription-rows.ts';
import { quickSettings, until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNode, type TestNodes } from '#server/testing/test-nodes.ts';
import { type ConsumerDefinition, defineConsumer } from '../broker/consumer-definition.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

const PARTITIONS = 12;
const KEYS = 40;
const never = new AbortController().signal;

type Handled = { readonly node: string; readonly id: string; readonly key: string };

/** A consumer of topic `things` that notes what is handled at which node. */
const noting = (
  node: string,
  handled: Handled[],
  over: Partial<ConsumerDefinition> = {},
): ConsumerDefinition =>
  defineConsumer({
    name: 'noting',
    description: 'notes what it is given',
    version: '1',
    filter: { topics: ['things'] },
    retry: { maxRetries: 5, baseMs: 20, factor: 1, maxMs: 20, jitter: 0 },
    handle: (event) => {
      handled.push({ node, id: event.id, key: event.subject ?? '' });
    },
    ...over,
  });

async function makeTopic({ engine }: TestNode): Promise<void> {
  await engine.topics.put(
    'things',
    {
      partitions: PARTITIONS,
      retention: { maxAgeMs: null, maxBytes: null },
      durability: 'durable',
      onInvalid: 'reject',
      maxBuffered: 10_000,
    },
    'test',
  );
}

async function publish(node: TestNode, count: number, prefix: string): Promise<void> {
  await node.engine.publisher.publish({
    topic: 'things',
    batch: true,
    inputs: Array.from({ length: count }, (_, index) => ({
      attributes: {
        id: `${prefix}${index}`,
        source: 'test',
        type: 'thing.happened',
        subject: `key-${index % KEYS}`,
      },
      payload: { kind: 'json', value: { index } } as const,
    })),
  });
}

/** How many partitions each node has, as the database says. */
async function owners(): Promise<Record<string, number>> {
  const { rows } = await kit.database.database.pool.query<{ owner: string; count: number }>(
    `SELECT coalesce(owner, 'nobody') AS owner, count(*) AS count FROM subscription_partitions GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.owner, row.count]));
}

const ownersAre = (wanted: Record<string, number>) =>
  until(owners, (seen) => JSON.stringify(seen) === JSON.stringify(wanted));

const idsOf = (handled: readonly Handled[]) => handled.map(({ id }) => id).toSorted();

const expectedIds = (prefixes: readonly string[], count: number) =>
  prefixes
    .flatMap((prefix) => Array.from({ length: count }, (_, index) => `${prefix}${index}`))
    .toSorted();

/** Per key the events come in the order of their index, over all nodes. */
function expectOrder(handled: readonly Handled[], prefix: string): void {
  const last = new Map<string, number>();
  for (const { id, key } of handled.filter((one) => one.id.startsWith(prefix))) {
    const index = Number(id.slice(prefix.length));
    expect(index).toBeGreaterThan(last.get(key) ?? -1);
    last.set(key, index);
  }
}

describe('assignment', () => {
  test('a node that joins is given its share, and what it gives back when it leaves is delivered once', async () => {
    const handled: Handled[] = [];
    const a = await kit.open('a');
    await makeTopic(a);
    await a.engine.broker.register(noting('a', handled));
    await ownersAre({ a: PARTITIONS });
    await publish(a, 1_000, 'one-');

    const b = await kit.open('b');
    await b.engine.broker.register(noting('b', handled));
    await publish(a, 1_000, 'two-');
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
    await publish(b, 1_000, 'three-');
    await until(
      () => handled.length,
      (count) => count >= 3_000,
    );
    expect(new Set(handled.map(({ node }) => node))).toEqual(new Set(['a', 'b']));
    await publish(a, 1_000, 'four-');
    await b.stop();
    await ownersAre({ a: PARTITIONS });
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
    expect(await owners()).toEqual({ a: PARTITIONS });
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
    await ownersAre({ b: PARTITIONS });
    await until(
      () => drain(a),
      () => true,
    );
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
    await publish(a, 200, 'shared-');
    await until(
      async () => (await drain(a)) + (await drain(b)),
      () => received.length >= 400,
    );

    expect(received.toSorted()).toEqual(expectedIds(['all-', 'shared-'], 200));
  });
});

describe('failure', () => {
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
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
    await publish(a, 400, 'left-');
    await until(
      () => held,
      (count) => count > 0,
    );

    await b.freeze();
    await ownersAre({ a: PARTITIONS });
    await until(
      () => handled.length,
      (count) => count >= 400,
    );
    hold.resolve();
    b.thaw();

    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
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
    const answer = await until(
      () => a.engine.broker.ack('pulled', ids).catch(() => null),
      (one) => one !== null,
    );
    expect(answer).toEqual({ acknowledged: [], expired: ids });
    const again = new Set<string>();
    await until(
      async () => {
        // While it starts anew as a member there is nothing to receive from.
        const more = await a.engine.broker
          .receive('pulled', { max: 50, waitMs: 200 }, never)
          .catch(() => []);
        for (const { event } of more) again.add(event.id);
        await a.engine.broker.ack(
          'pulled',
          more.map(({ deliveryId }) => deliveryId),
        );
      },
      () => again.size === 20,
    );
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
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
    await a.stop();
    await ownersAre({ b: PARTITIONS });
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
});

describe('the control plane', () => {
  test('several nodes that register the same consumer at once all succeed', async () => {
    const handled: Handled[] = [];
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => kit.open(name)));
    const [a] = nodes;
    if (a === undefined) throw new Error('no node');
    await makeTopic(a);

    await Promise.all(
      nodes.map((node) => node.engine.broker.register(noting(node.nodeId, handled))),
    );

    await ownersAre({ a: PARTITIONS / 3, b: PARTITIONS / 3, c: PARTITIONS / 3 });
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
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
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
    await ownersAre({ a: PARTITIONS / 2, b: PARTITIONS / 2 });
    expect(idsOf(handled)).toEqual(
      [...expectedIds(['again-'], 200), ...expectedIds(['again-'], 200)].toSorted(),
    );
    await until(
      () => b.engine.broker.lag('noting'),
      ({ total }) => total === 0,
    );
  });
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

describe('operations', () => {
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
});

async function storedSettings(name: string) {
  const { pool } = kit.database.database;
  const row = await selectSubscription(pool, name);
  if (row === null) throw new Error(`no subscription ${name}`);
  return row;
}

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
