import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import {
  deleteTrafficSamples,
  insertTrafficSamples,
  rollUpTrafficSamples,
  selectTrafficSteps,
  type TrafficSampleRow,
} from './sample-rows.ts';

let test: TestDatabase;
const edge: TrafficSampleRow = {
  kind: 'deliver',
  source: 'orders',
  target: 'billing',
  count: 10,
  errors: 1,
  p95Ms: 20,
};

beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const atSecond = (at: number) => `2026-01-01T10:00:${String(at).padStart(2, '0')}.400Z`;
const sumOf = (rows: readonly { readonly count: number }[]) =>
  rows.reduce((sum, row) => sum + row.count, 0);

describe('traffic samples', () => {
  it('adds to a second, rolls up once however often asked, and reads each event once', async () => {
    const { pool } = test.database;
    await insertTrafficSamples(pool, atSecond(1), [edge]);
    await insertTrafficSamples(pool, atSecond(1), [{ ...edge, p95Ms: 80 }]);
    await insertTrafficSamples(pool, atSecond(59), [{ ...edge, count: 5, errors: 0, p95Ms: null }]);
    await insertTrafficSamples(pool, '2026-01-01T10:01:10.000Z', [{ ...edge, count: 7 }]);

    const now = '2026-01-01T10:01:30.000Z';
    const first = await rollUpTrafficSamples(pool, { from: 1, to: 60, now });
    const again = await rollUpTrafficSamples(pool, { from: 1, to: 60, now });
    const query = { after: '2026-01-01T10:00:00.000Z', stepSeconds: 60, limit: 100 };
    const byMinute = await selectTrafficSteps(pool, { ...query, resolution: 60 });
    const bySecond = await selectTrafficSteps(pool, { ...query, resolution: 1 });

    expect([first, again]).toEqual([1, 0]);
    expect(byMinute).toMatchObject([
      { step: 0, count: 25, errors: 2, p95Ms: 80 },
      { step: 1, count: 7 },
    ]);
    expect(sumOf(bySecond)).toBe(sumOf(byMinute));
  });

  it('deletes old samples of one resolution in bounded batches', async () => {
    const { pool } = test.database;
    const before = '2026-01-01T10:05:00.000Z';

    const first = await deleteTrafficSamples(pool, 1, before, 2);
    const second = await deleteTrafficSamples(pool, 1, before, 2);
    const left = await pool.query('SELECT resolution FROM traffic_samples');

    expect([first, second]).toEqual([2, 1]);
    expect(left.rows).toEqual([{ resolution: 60 }]);
  });
});
