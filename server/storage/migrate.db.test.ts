import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { migrate } from './migrate.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(async () => {
  await testDatabase.drop();
});

test('applies nothing to a database that is up to date', async () => {
  expect(await migrate({ url: testDatabase.url })).toEqual([]);
});

test('refuses a database whose migration had other content', async () => {
  const { pool, prisma } = testDatabase.database;
  expect(await prisma.topic.count()).toBe(0);
  await pool.query(`UPDATE _prisma_migrations SET checksum = repeat('0', 64)`);

  const outcome = migrate({ url: testDatabase.url });

  await expect(outcome).rejects.toThrow('applied to this database with other content');
});
