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

/** Somebody else alters the log; `cause` is what Postgres said. */
class ShapeHeldError extends Error {}

/**
 * Within a transaction: from here to its end nobody else attaches or detaches a leaf, while appends and reads go on. Asked for once and
 * briefly; `untilShapeIsFree` asks again. What follows in the transaction must be the metadata alone: what is long (rows, indexes) comes
 * before.
 */
export async function lockShape(tx: Db): Promise<void> {
  await tx.query('SAVEPOINT shape');
  try {
    await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await lockLogShape(tx);
    await tx.query(`SET LOCAL lock_timeout = ${HOLDER_LOCK_TIMEOUT_MS}`);
  } catch (error) {
    if (classifyDatabaseError(error) !== 'unavailable') throw error;
    await tx.query('ROLLBACK TO SAVEPOINT shape');
    throw new ShapeHeldError('Somebody else alters the log.', { cause: error });
  }
}

/**
 * Does a work that asks for the log's shape up to `tries` times, with pauses in which nothing is asked for; then throws what Postgres
 * said. Who does not keep detaches away (`withUpkeep`) begins a transaction for each try: one that waits has a snapshot of the catalogue,
 * and the end of a detach, which holds what it waits for, waits in turn for every transaction that had a snapshot.
 */
export async function untilShapeIsFree(
  { clock, tries, signal }: { clock: Clock; tries: number; signal?: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof ShapeHeldError)) throw error;
      if (attempt === tries) throw error.cause;
    }
    await clock.sleep(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempt - 1)), signal);
  }
}
