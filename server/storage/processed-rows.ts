import { type Db } from './database.ts';
import { QUEUE_LOW_POSITION } from './queue-marks.ts';

const SWEEP_BATCH = 10_000;

/** False when the subscription has handled the event before; then nothing may be done again. */
export async function insertProcessed(
  tx: Db,
  subscriptionId: number,
  position: number,
): Promise<boolean> {
  const result = await tx.query(
    'INSERT INTO processed (subscription_id, position) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [subscriptionId, position],
  );
  return result.rowCount === 1;
}

/** Deletes marks older than a day whose offsets are committed, so that no delivery of theirs can come again. Returns how many, at most one batch. */
export async function deleteOldProcessed(db: Db): Promise<number> {
  const result = await db.query(
    `DELETE FROM processed WHERE (subscription_id, position) IN (
       SELECT p.subscription_id, p.position FROM processed p
       WHERE p.processed_at < now() - interval '24 hours'
         AND p.position < least(
           (SELECT min(s.committed_position) FROM subscription_partitions s
             WHERE s.subscription_id = p.subscription_id AND s.committed_position > 0),
           (SELECT min(nullif(${QUEUE_LOW_POSITION}, 0)) FROM queue_cursors q
             WHERE q.subscription_id = p.subscription_id))
         AND NOT EXISTS (SELECT FROM retries r WHERE r.subscription_id = p.subscription_id AND r.position = p.position)
       LIMIT ${SWEEP_BATCH})`,
  );
  return result.rowCount ?? 0;
}

/** Before events are deliberately delivered again. */
export async function deleteProcessedFrom(
  tx: Db,
  subscriptionId: number,
  position: number,
): Promise<void> {
  await tx.query('DELETE FROM processed WHERE subscription_id = $1 AND position >= $2', [
    subscriptionId,
    position,
  ]);
}
