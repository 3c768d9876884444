import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TopicSettings, topicSettingsSchema } from '#contracts/topic.ts';
import { selectLeafRows } from '#server/storage/leaf-rows.ts';
import { until } from '#server/testing/test-broker.ts';
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

const settings = (over: Partial<TopicSettings> = {}): TopicSettings =>
  topicSettingsSchema.parse({ partitions: 2, ...over });

async function publish(topic: string, count: number, prefix: string, bytes = 10): Promise<void> {
  for (let from = 0; from < count; from += 50) {
    await kit.engine.publisher.publish({
      topic,
      batch: true,
      inputs: Array.from({ length: Math.min(50, count - from) }, (_, index) => ({
        attributes: { id: `${prefix}${from + index}`, source: 'test', type: 'thing.happened' },
        payload: { kind: 'json', value: { index: from + index, fill: 'x'.repeat(bytes) } } as const,
      })),
    });
  }
}

const stateOfLeaves = async () => (await selectLeafRows(pool())).map((leaf) => leaf.state);
const firstPosition = async (): Promise<number> => {
  const { rows } = await pool().query<{ position: number }>(
    'SELECT min(position) AS position FROM events',
  );
  return rows[0]?.position ?? 0;
};
/** As if everything that is in the log now had been recorded an hour ago. */
const age = () => pool().query(`UPDATE events SET recorded_at = recorded_at - interval '1 hour'`);
const setRetention = (topic: string, maxAgeMs: number | null, maxBytes: number | null = null) =>
  kit.engine.topics.put(topic, settings({ retention: { maxAgeMs, maxBytes } }), 'tester');
const query = (topic: string) =>
  kit.engine.reader.query({ topic: [topic], direction: 'forward', limit: 500, timeField: 'time' });
const lowsOf = async (topic: string) => (await kit.engine.topics.get(topic)).lows ?? [];
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

describe('leaves ahead', () => {
  test('appends over many tiny leaves and heals the log when a leaf ahead is missing', async () => {
    await kit.engine.topics.put('growing', settings(), 'tester');
    await publish('growing', 50, 'first');
    await until(stateOfLeaves, (states) => states.length > 4);
    const ahead = (await selectLeafRows(pool())).at(2);
    await pool().query(`DROP TABLE events_${String(ahead?.from).padStart(15, '0')}`);

    await publish('growing', 500, 'second');

    const { rows } = await pool().query<{ count: number; span: number }>(
      'SELECT count(*) AS count, max(position) - min(position) + 1 AS span FROM events',
    );
    expect(rows[0]?.count).toBe(rows[0]?.span);
    const tail = kit.engine.log.tailPosition();
    const beyond = (await selectLeafRows(pool())).filter((leaf) => leaf.from > tail);
    expect(beyond.length).toBeGreaterThanOrEqual(2);
  });

  test('seals full leaves and says what they hold', async () => {
    const sealed = await until(
      async () => (await selectLeafRows(pool())).filter((leaf) => leaf.state === 'sealed'),
      (leaves) => leaves.length >= 4,
    );
    for (const leaf of sealed) expect(leaf.rows).toBe(leaf.to - leaf.from);
    expect(sealed[0]?.minRecordedAt).not.toBeNull();
    expect(sealed[0]?.bytes).toBeGreaterThan(0);
  });
});

describe('retention by age', () => {
  test('hides what is too old at once, drops whole leaves later, and never gives a number twice', async () => {
    const { engine } = kit;
    await engine.topics.put('aging', settings(), 'tester');
    await publish('aging', 300, 'old');
    const headsBefore = (await engine.topics.get('aging')).heads;
    await age();
    await publish('aging', 5, 'young');

    await setRetention('aging', 600_000);

    await until(
      () => lowsOf('aging'),
      (lows) => sum(lows) === sum(headsBefore),
    );
    const left = await query('aging');
    expect(left.items.map((event) => event.id)).toEqual([
      'young0',
      'young1',
      'young2',
      'young3',
      'young4',
    ]);
    expect((await engine.topics.get('aging')).events).toBe(5);
    await expect(engine.reader.get('old0')).rejects.toMatchObject({ code: 'unknown-event' });
    // The topics beside it keep everything: none of its leaves can go yet.
    expect(await firstPosition()).toBe(1);

    const tail = engine.log.tailPosition();
    await setRetention('growing', 600_000);
    const first = await until(firstPosition, (position) => position > 100);

    expect(first % LEAF).toBe(1);
    expect(first).toBeLessThanOrEqual(tail);
    await until(stateOfLeaves, (states) => states[0] === 'dropped');
    await publish('aging', 1, 'after');
    const [newest] = (
      await engine.reader.query({
        topic: ['aging'],
        direction: 'backward',
        limit: 1,
        timeField: 'time',
      })
    ).items;
    expect(newest?.position).toBeGreaterThan(tail);
    expect(newest?.offset).toBeGreaterThan(Math.min(...headsBefore) - 1);
  });

  test('offsets and versions go on where they were when nothing of a partition is left', async () => {
    const { engine } = kit;
    await engine.topics.put('streamed', settings({ partitions: 1 }), 'tester');
    const append = (id: string) =>
      engine.publisher.appendToStream({
        streamId: 'order-1',
        expectedVersion: 'any',
        topic: 'streamed',
        inputs: [
          {
            attributes: { id, source: 'test', type: 'thing.happened' },
            payload: { kind: 'json', value: 1 },
          },
        ],
      });
    for (const id of ['s1', 's2', 's3']) await append(id);
    await publish('growing', 100, 'filler');
    await age();
    await publish('growing', 150, 'beyond');
    await setRetention('streamed', 600_000);
    await until(
      async () =>
        (
          await pool().query(
            `SELECT FROM events e JOIN topics t ON t.id = e.topic_id WHERE t.name = 'streamed'`,
          )
        ).rowCount,
      (rows) => rows === 0,
    );

    const again = await append('s4');

    expect(again.version).toBe(4);
    expect(again.events[0]?.offset).toBe(3);
    const stream = await engine.reader.stream('order-1', { direction: 'forward', limit: 10 });
    expect(stream.version).toBe(4);
    expect(stream.items.map((event) => event.version)).toEqual([4]);
  });
});

describe('retention by size', () => {
  test('keeps about as many bytes as the topic may have', async () => {
    const limit = 1_048_576;
    await kit.engine.topics.put('bulky', settings(), 'tester');
    await publish('bulky', 400, 'bulk', 8_000);

    await setRetention('bulky', null, limit);

    const topic = await until(
      () => kit.engine.topics.get('bulky'),
      (seen) => sum(seen.lows ?? []) > 0,
    );
    expect(topic.events * 8_000).toBeLessThanOrEqual(limit);
    expect(topic.events * 8_000).toBeGreaterThan(limit * 0.85);
    const { items } = await query('bulky');
    expect(items).toHaveLength(topic.events);
    expect(items.at(-1)?.id).toBe('bulk399');
  });
});
