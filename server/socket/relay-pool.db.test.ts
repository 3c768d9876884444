import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { openRelayPool } from './relay-pool.ts';

/** More than the pool has places. */
const BREAKS = 12;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('loses no place of the pool to connections that break', async () => {
  const { pool } = database.database;
  const relay = openRelayPool(pool);

  for (let i = 0; i < BREAKS; i += 1) {
    const client = await relay.pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
  }

  await vi.waitFor(() => expect(pool.totalCount).toBe(pool.idleCount), {
    timeout: 10_000,
  });
});

it('holds one connection at most, and none when closed', async () => {
  const { pool } = database.database;
  const relay = openRelayPool(pool);
  const lent = () => pool.totalCount - pool.idleCount;

  await relay.pool.connect();
  await relay.pool.connect();
  expect(lent()).toBe(1);
  relay.close();
  expect(lent()).toBe(0);
  const late = relay.pool.connect().then(() => 'given');

  await relay.pool.query('SELECT 1');
  expect(await Promise.race([late, Promise.resolve('kept')])).toBe('kept');
  expect(lent()).toBe(0);
});
