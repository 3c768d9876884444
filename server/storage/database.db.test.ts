import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { withTransaction } from './database.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(async () => {
  await testDatabase.drop();
});

test('a connection that breaks within a transaction fails that transaction and nothing else', async () => {
  const { pool } = testDatabase.database;

  const outcome = withTransaction(pool, async (tx) => {
    const ended = new Promise<void>((resolve) => tx.once('end', () => resolve()));
    await tx.query('SELECT 1');
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'`,
    );
    await ended;
    await tx.query('SELECT 2');
  });

  await expect(outcome).rejects.toThrow();
  expect((await pool.query('SELECT 3 AS three')).rows).toEqual([{ three: 3 }]);
});
