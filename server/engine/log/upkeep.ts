import { type PoolClient } from 'pg';
import { type Database, type Db } from '#server/storage/database.ts';
import { tryLockUpkeep, unlockUpkeep } from '#server/storage/leaf-rows.ts';

/** Freezing, copying and reading back a leaf of the default size takes minutes at most. */
const STATEMENT_TIMEOUT_MS = 900_000;
/** What alters the log gives up soon and is tried again later; nobody else waits behind it for longer. */
const LOCK_TIMEOUT_MS = 2_000;

/**
 * Runs work on the leaves on a connection of its own, by one process at a time; null at once when another is at it. The connection is
 * closed afterwards, and with it goes the lock, whatever happened.
 */
export async function withUpkeep<Result>(
  { pool }: Pick<Database, 'pool'>,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result | null> {
  const client = await pool.connect();
  try {
    if (!(await tryLockUpkeep(client))) return null;
    await client.query(
      `SET statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET lock_timeout = ${LOCK_TIMEOUT_MS}`,
    );
    const result = await work(client);
    // The connection goes a moment later, and whoever asks meanwhile should not find it taken.
    await unlockUpkeep(client);
    return result;
  } finally {
    client.release(true);
  }
}

/** A transaction on the connection that is held already. */
export async function inTransaction<Result>(
  client: Db,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
