import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TopicSettings, topicSettingsSchema } from '#contracts/topic.ts';
import { never, quickSettings, until } from '#server/testing/test-broker.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';

const LEAF = 100;
let kit: TestEngine;
beforeAll(async () => {
  kit = await createTestEngine({ leafPositions: LEAF });
});
afterAll(async () => {
  await kit.drop();
});

const pool = () => kit.database.database.pool;
const settings = (maxAgeMs: number | null): TopicSettings =>
  topicSettingsSchema.parse({ partitions: 1, retention: { maxAgeMs, maxBytes: null } });

async function publish(topic: string, count: number, prefix: string): Promise<void> {
  await kit.engine.publisher.publish({
    topic,
    batch: true,
    inputs: Array.from({ length: count }, (_, index) => ({
      attributes: { id: `${prefix}${index}`, source: 'test', type: 'thing.happened' },
      payload: { kind: 'json', value: { index } } as const,
    })),
  });
}

/** Everything of the topic so far is too old, and its leaves go; what comes after is young. */
async function expire(topic: string): Promise<number> {
  const { engine } = kit;
  const tail = engine.log.tailPosition();
  await pool().query(`UPDATE events SET recorded_at = recorded_at - interval '1 hour'`);
  await publish(topic, LEAF + 20, `${topic}-young-`);
  await engine.topics.put(topic, settings(600_000), 'tester');
  const { lows } = await until(
    () => engine.topics.get(topic),
    (seen) => (seen.lows?.[0] ?? 0) > 0,
  );
  await until(
    async () =>
      (await pool().query('SELECT FROM events WHERE position < $1', [tail - LEAF])).rowCount,
    (rows) => rows === 0,
  );
  return lows?.[0] ?? 0;
}

const factsAbout = async (subject: string) => {
  const page = await kit.engine.reader.query({
    topic: ['$system'],
    type: ['weir.subscription.out-of-range'],
    subject: [subject],
    direction: 'forward',
    limit: 50,
    timeField: 'time',
  });
  return page.items;
};
const receive = (name: string, max: number) =>
  kit.engine.broker.receive(name, { max, waitMs: 200 }, never);

describe.each(['stream', 'queue'] as const)('a %s below the low mark', (mode) => {
  const topic = `orders-${mode}`;
  const name = `slow-${mode}`;

  test('stands still with a problem, says so once, and goes on where a reset tells it', async () => {
    const { broker, topics } = kit.engine;
    await topics.put(topic, settings(null), 'tester');
    await publish(topic, 250, `${topic}-old-`);
    const subscription = quickSettings({ mode, maxInFlight: 10, filter: { topics: [topic] } });
    await broker.put(name, subscription, 'tester');
    const first = await receive(name, 5);
    expect(first.map((each) => each.event.offset)).toEqual([0, 1, 2, 3, 4]);
    await broker.ack(
      name,
      first.map((each) => each.deliveryId),
    );

    const low = await expire(topic);

    // What was read before may still be delivered; nothing that lies behind a hole may.
    const seen: number[] = [];
    await until(
      async () => {
        const got = await receive(name, 50);
        for (const each of got) seen.push(each.event.offset);
        await broker.ack(
          name,
          got.map((each) => each.deliveryId),
        );
        return (await broker.get(name)).problem;
      },
      (problem) => problem === 'offset-out-of-range',
    );
    expect(Math.max(...seen, 4)).toBeLessThan(low);
    const [lag] = (await broker.lag(name)).partitions;
    expect(lag).toMatchObject({ problem: 'offset-out-of-range', low, lag: LEAF + 20 });
    await until(
      () => factsAbout(name),
      (facts) => facts.length === 1,
    );
    expect(await receive(name, 10)).toEqual([]);

    const reset = await broker.reset(name, 'earliest', false, 'tester');

    expect(reset.partitions[0]?.after).toBe(low);
    const after = await until(
      () => receive(name, 1),
      (got) => got.length > 0,
    );
    expect(after[0]?.event.offset).toBe(low);
    expect((await broker.get(name)).problem).toBeNull();
    expect(await factsAbout(name)).toHaveLength(1);
  });

  test('refuses a reset or a replay to what is gone', async () => {
    const { broker, operations } = kit.engine;
    if (mode === 'queue') return;
    const gone = { code: 'offset-out-of-range' };
    const offsets = [{ topic, partition: 0, offset: 3 }];
    await expect(broker.reset(name, { offsets }, true, 'tester')).rejects.toMatchObject(gone);
    await expect(broker.reset(name, { position: 1 }, true, 'tester')).rejects.toMatchObject(gone);
    const replay = {
      to: kit.engine.log.tailPosition(),
      filter: {},
      target: { subscription: name },
      dryRun: true,
    };
    await expect(operations.replay({ ...replay, from: 1 }, 'tester')).rejects.toMatchObject(gone);
    const plan = await operations.replay({ ...replay, from: '2020-01-01T00:00:00.000Z' }, 'tester');
    expect(plan.total).toBe(LEAF + 20);
  });
});

test('a group that keeps up while its topic expires behind it misses nothing', async () => {
  const { broker, topics } = kit.engine;
  await topics.put('busy', settings(1_000), 'tester');
  await broker.put('keeps-up', quickSettings({ filter: { topics: ['busy'] } }), 'tester');
  const seen: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    await publish('busy', 50, `busy-${round}-`);
    const goal = (round + 1) * 50;
    while (seen.length < goal) {
      const got = await receive('keeps-up', 50);
      for (const each of got) seen.push(each.event.offset);
      await broker.ack(
        'keeps-up',
        got.map((each) => each.deliveryId),
      );
    }
    await pool().query(
      `UPDATE events SET recorded_at = recorded_at - interval '3 seconds' WHERE topic_id = (SELECT id FROM topics WHERE name = 'busy')`,
    );
  }
  expect(seen).toEqual(Array.from({ length: 600 }, (_, index) => index));
  await until(
    () => topics.get('busy'),
    (topic) => (topic.lows?.[0] ?? 0) > 400,
  );
  expect((await broker.get('keeps-up')).problem).toBeNull();
});
