import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openTestLog, type TestLog } from '#server/testing/insert-events.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { systemClock } from '../clock.ts';
import { type Timelines } from '../engine-parts.ts';
import { createEventReader } from '../log/event-reader.ts';
import { silentLogger } from '../logger.ts';
import { EventCounts } from './event-counts.ts';
import { createTimelines } from './timeline.ts';

let db: TestDatabase;
let testLog: TestLog;
let counts: EventCounts;
let timelines: Timelines;

const HOUR_MS = 3_600_000;
// Within the two days seconds are kept for, and not at the start of a minute.
const START_MS = Math.floor((Date.now() - 20 * HOUR_MS) / HOUR_MS) * HOUR_MS + 17_000;
const at = (ms: number) => new Date(START_MS + ms).toISOString();

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  await db.database.pool.query(
    'TRUNCATE events, event_counts, cursors, topics, consumer_samples, subscriptions CASCADE',
  );
  testLog = await openTestLog(db.database, ['orders', 'payments', '$system']);
  const deps = {
    database: db.database,
    topics: testLog.topics,
    log: testLog.log,
    clock: systemClock,
  };
  counts = new EventCounts({ ...deps, logger: silentLogger });
  timelines = createTimelines({ ...deps, reader: createEventReader(deps) });
});
afterAll(() => db.drop());

/** One event every `stepMs`, the topic and type by turns. */
const events = (number: number, stepMs: number, firstMs = 0) =>
  Array.from({ length: number }, (_unused, index) => ({
    topic: index % 3 === 0 ? 'payments' : 'orders',
    type: `type-${index % 2}`,
    recordedAt: at(firstMs + index * stepMs),
  }));

const stored = async () =>
  (
    await db.database.pool.query<{ resolution: number; total: number }>(
      'SELECT resolution, sum(count)::bigint AS total FROM event_counts GROUP BY 1 ORDER BY 1',
    )
  ).rows;

it('shows what is rolled up and what is not yet, exactly once', async () => {
  await testLog.insert(events(300, 10_000));
  await counts.catchUp();
  await testLog.insert(events(7, 1_000, 3_000_000));

  for (const buckets of [1, 7, 60, 300]) {
    const timeline = await timelines.timeline({
      after: at(0),
      before: at(HOUR_MS),
      buckets,
      lanes: 'topic',
    });
    expect(timeline.total).toBe(307);
    expect(timeline.lanes.map(({ name, total }) => [name, total])).toEqual([
      ['orders', 204],
      ['payments', 103],
    ]);
    expect(timeline.lanes.every((lane) => lane.counts.length === buckets)).toBe(true);
  }
});

it('takes only what lies in the window, from coarse rows inside and fine ones at its edges', async () => {
  await testLog.insert(events(10_000, 1_000));
  await counts.catchUp();

  const timeline = await timelines.timeline({
    after: at(13_000),
    before: at(9_013_000),
    buckets: 2,
    lanes: 'type',
  });

  expect(timeline.total).toBe(9_000);
  expect(timeline.lanes).toMatchObject([{ counts: [2_250, 2_250] }, { counts: [2_250, 2_250] }]);
  expect(timeline).toMatchObject({
    after: at(13_000),
    before: at(9_013_000),
    first: at(0),
    last: at(9_999_000),
  });
});

it('counts buckets finer than a second from the log itself', async () => {
  await testLog.insert(events(100, 10));

  const timeline = await timelines.timeline({
    after: at(100),
    before: at(500),
    buckets: 4,
    lanes: 'type',
  });

  expect(timeline.bucketMs).toBe(100);
  expect(timeline.lanes.map((lane) => lane.counts)).toEqual([
    [5, 5, 5, 5],
    [5, 5, 5, 5],
  ]);
});

it('leaves system topics out of a histogram of everything, and counts one topic', async () => {
  await testLog.insert([{ topic: '$system', recordedAt: at(0) }, ...events(6, 1_000)]);
  const window = { after: at(0), before: at(10_000), buckets: 10 };

  expect((await timelines.histogram({ ...window, topic: null })).counts).toEqual([
    1, 1, 1, 1, 1, 1, 0, 0, 0, 0,
  ]);
  expect((await timelines.histogram({ ...window, topic: 'payments' })).counts).toEqual([
    1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
  ]);
  await expect(timelines.histogram({ ...window, topic: 'nothing' })).rejects.toMatchObject({
    code: 'unknown-topic',
  });
  await expect(
    timelines.histogram({ ...window, before: at(0), topic: null }),
  ).rejects.toMatchObject({
    code: 'invalid-request',
  });
});

it('never counts twice when two rollers meet', async () => {
  await testLog.insert(events(500, 100));
  const other = new EventCounts({
    database: db.database,
    log: testLog.log,
    clock: systemClock,
    logger: silentLogger,
  });

  await Promise.all([counts.catchUp(), other.catchUp(), counts.catchUp()]);

  expect(await stored()).toEqual([
    { resolution: 1, total: 500 },
    { resolution: 10, total: 500 },
    { resolution: 60, total: 500 },
    { resolution: 3_600, total: 500 },
  ]);
});

it('follows the log while it runs and stops twice', async () => {
  await counts.start();
  await testLog.insert(events(5, 1_000));

  await expect.poll(stored, { timeout: 20_000 }).toHaveLength(4);
  await counts.stop();
  await counts.stop();
});

it('draws consumers from their samples', async () => {
  await db.database.pool.query(
    `WITH s AS (INSERT INTO subscriptions (name, settings) VALUES ('billing', '{}') RETURNING id)
     INSERT INTO consumer_samples (resolution, subscription_id, at, handled, failed, dead)
     SELECT 1, s.id, $1::timestamptz + make_interval(secs => n), 2, 1, 0 FROM s, generate_series(0, 9) AS n`,
    [at(0)],
  );

  const timeline = await timelines.timeline({
    after: at(0),
    before: at(10_000),
    buckets: 2,
    lanes: 'consumer',
  });

  expect(timeline.lanes).toEqual([
    { name: 'billing', total: 30, counts: [15, 15], failed: [5, 5] },
  ]);
});
