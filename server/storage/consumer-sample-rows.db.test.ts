import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { insertConsumerSamples, type NewConsumerSample } from './consumer-sample-rows.ts';

const AT = '2026-01-01T10:00:01.500Z';

let test: TestDatabase;
let subscriptionId: number;
beforeAll(async () => {
  test = await createTestDatabase();
  const { rows } = await test.database.pool.query<{ id: number }>(
    `INSERT INTO subscriptions (name, settings) VALUES ('shared', '{}') RETURNING id`,
  );
  subscriptionId = rows[0]?.id ?? 0;
});
afterAll(() => test.drop());

const sample = (over: Partial<NewConsumerSample>): NewConsumerSample => ({
  subscriptionId,
  handled: 0,
  failed: 0,
  dead: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  lag: 0,
  committed: 0,
  ...over,
});

it('adds up what several servers counted of one consumer in one second', async () => {
  const { pool } = test.database;
  const ahead = { handled: 30, failed: 2, dead: 1, p50Ms: 4, p95Ms: 9, p99Ms: 12 };

  await insertConsumerSamples(pool, AT, [sample({ lag: 50, committed: 900 })]);
  await insertConsumerSamples(pool, AT, [sample({ ...ahead, lag: 40, committed: 910 })]);
  await insertConsumerSamples(pool, AT, [
    sample({ handled: 10, p50Ms: 8, p95Ms: 7, p99Ms: 20, lag: 70, committed: 880 }),
  ]);

  const { rows } = await pool.query(
    'SELECT handled, failed, dead, p50_ms, p95_ms, p99_ms, lag, committed FROM consumer_samples',
  );
  expect(rows).toEqual([
    {
      handled: 40,
      failed: 2,
      dead: 1,
      p50_ms: 5,
      p95_ms: 9,
      p99_ms: 20,
      lag: 160,
      committed: 2690,
    },
  ]);
});
