import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { systemClock } from '../clock.ts';
import { createTraffic } from '../flows/traffic.ts';
import { silentLogger } from '../logger.ts';
import { createTrafficSampler } from './traffic-sampler.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('keeps what it could not write and writes it with the next second', async () => {
  const { pool } = test.database;
  const traffic = createTraffic({ clock: systemClock });
  const sampler = createTrafficSampler({
    database: test.database,
    traffic,
    clock: systemClock,
    logger: silentLogger,
  });
  traffic.published('web', 'orders', 2);
  await sampler.sampleOnce();

  await pool.query('ALTER TABLE traffic_samples RENAME TO away');
  traffic.published('web', 'orders', 3);
  await expect(sampler.sampleOnce()).rejects.toThrow();
  await pool.query('ALTER TABLE away RENAME TO traffic_samples');
  traffic.published('web', 'orders', 4);
  await sampler.sampleOnce();
  await sampler.keepHouse();

  const { rows } = await pool.query(
    'SELECT source, target, sum(count)::integer AS count FROM traffic_samples WHERE resolution = 1 GROUP BY 1, 2',
  );
  expect(rows).toEqual([{ source: 'web', target: 'orders', count: 9 }]);
});
