import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '#server/storage/database.ts';

export type TestDatabase = {
  readonly url: string;
  readonly database: Database;
  /** Closes the pools and removes the database, whoever else is still connected. Safe twice. */
  drop(): Promise<void>;
};

/** Several brokers may share it, and each of them listens on a connection of its own. */
const POOL_SIZE = 32;
// The same literal as in test-cluster.ts, which runs in another process and must not be imported here.
const TEMPLATE_DATABASE = 'weir_template';

/**
 * A database of its own, migrated, empty but for what the migrations insert; made by cloning a template in
 * some 30 ms. Call it in `beforeAll` and `drop()` in `afterAll`.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `weir_test_${randomBytes(8).toString('hex')}`;
  const clusterUrl = inject('clusterUrl');
  await runOnce(clusterUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  const address = new URL(clusterUrl);
  address.pathname = `/${name}`;
  const database = openDatabase({ url: address.href, poolSize: POOL_SIZE });
  let dropped: Promise<void> | undefined;
  const drop = async () => {
    await database.close();
    await runOnce(clusterUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return {
    url: address.href,
    database,
    drop: () => (dropped ??= drop()),
  };
}

/** Pools of their own on the same database, as another server has them; `drop` closes these alone. */
export function connectAgain({ url }: TestDatabase): TestDatabase {
  const database = openDatabase({ url, poolSize: 8 });
  let closed: Promise<void> | undefined;
  return { url, database, drop: () => (closed ??= database.close()) };
}

async function runOnce(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
