import { type Db } from '#server/storage/database.ts';
import { classifyDatabaseError } from '#server/storage/database-errors.ts';
import { lockLogShape } from '#server/storage/leaf-rows.ts';
import { type Clock } from '../clock.ts';

/** Asked for so briefly at a time: whoever queues behind waits no longer than this. */
const LOCK_TIMEOUT_MS = 50;
/** What is asked for once it is held: rows of the catalogue, which nobody holds for long. */
const HOLDER_LOCK_TIMEOUT_MS = 2_000;
const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 400;

/**
 * Within a transaction: from here to its end nobody else attaches or detaches a leaf, while appends and reads go on. It is asked for
 * `tries` times, with pauses in which nothing is held or asked for; then throws what Postgres said. What follows in the transaction must
 * be the metadata alone: what is long (rows, indexes) comes before.
 */
export async function lockShape(
  tx: Db,
  { clock, tries, signal }: { clock: Clock; tries: number; signal?: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    await tx.query('SAVEPOINT shape');
    try {
      await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await lockLogShape(tx);
      await tx.query(`SET LOCAL lock_timeout = ${HOLDER_LOCK_TIMEOUT_MS}`);
      return;
    } catch (error) {
      if (attempt === tries || classifyDatabaseError(error) !== 'unavailable') throw error;
      await tx.query('ROLLBACK TO SAVEPOINT shape');
    }
    await clock.sleep(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempt - 1)), signal);
  }
}
