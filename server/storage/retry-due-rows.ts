import { type Db } from './database.ts';
import { columnsOf, type PartitionRef } from './partition-ref.ts';
import { CLAIMED, type ClaimedRetry } from './retry-rows.ts';

/**
 * Which rows this process may take: those of partitions it owns, of queues, and of partitions the subscription no longer hears; of a
 * replay those of the operation it runs. `lease` holds the partitions that are this process's, $2 its incarnation.
 */
const MAY_TAKE = `CASE
    WHEN d.kind = 'replay' AND EXISTS (SELECT FROM operations o WHERE o.id = d.operation_id AND o.claimed_by IS NOT NULL)
      THEN EXISTS (SELECT FROM operations o WHERE o.id = d.operation_id AND o.claimed_by = $2)
    ELSE (d.topic_id, d."partition") IN (SELECT topic_id, "partition" FROM lease) OR NOT EXISTS (
      SELECT FROM subscription_partitions p WHERE p.subscription_id = $1 AND p.topic_id = d.topic_id AND p."partition" = d."partition") END`;

/** Takes due rows, oldest first, and counts the attempt that is about to be made; of this process's partitions only those in `of`. */
export async function claimDueRetries(
  db: Db,
  subscriptionId: number,
  claimedBy: string,
  taking: { readonly limit: number; readonly of: readonly PartitionRef[] },
): Promise<ClaimedRetry[]> {
  const result = await db.query<ClaimedRetry>(
    `WITH lease AS (
       SELECT p.topic_id, p."partition" FROM subscription_partitions p
       WHERE p.subscription_id = $1 AND p.owner_incarnation = $2
         AND (p.topic_id, p."partition") IN (SELECT * FROM unnest($4::int[], $5::int[]))
         AND EXISTS (SELECT FROM retries d WHERE d.subscription_id = $1 AND d.state = 'waiting' AND d.due_at <= now()
                       AND d.topic_id = p.topic_id AND d."partition" = p."partition")
       ORDER BY 1, 2 FOR SHARE)
     UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $2, updated_at = now()
     WHERE r.id IN (SELECT d.id FROM retries d WHERE d.subscription_id = $1 AND d.state = 'waiting' AND d.due_at <= now() AND ${MAY_TAKE}
                    ORDER BY d.due_at, d.id LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING ${CLAIMED}`,
    [subscriptionId, claimedBy, taking.limit, ...columnsOf(taking.of)],
  );
  return result.rows.toSorted((left, right) => left.position - right.position);
}

/** Milliseconds until the next row that may be taken is due by Postgres's clock (0 or less: now); null when none waits. */
export async function selectNextDueMs(
  db: Db,
  subscriptionId: number,
  claimedBy: string,
  of: readonly PartitionRef[],
): Promise<number | null> {
  const result = await db.query<{ dueMs: number }>(
    `WITH lease AS (
       SELECT p.topic_id, p."partition" FROM subscription_partitions p
       WHERE p.subscription_id = $1 AND p.owner_incarnation = $2
         AND (p.topic_id, p."partition") IN (SELECT * FROM unnest($3::int[], $4::int[])))
     SELECT (extract(epoch FROM d.due_at - now()) * 1000)::float8 AS "dueMs" FROM retries d
     WHERE d.subscription_id = $1 AND d.state = 'waiting' AND ${MAY_TAKE} ORDER BY d.due_at LIMIT 1`,
    [subscriptionId, claimedBy, ...columnsOf(of)],
  );
  return result.rows[0]?.dueMs ?? null;
}

/** Subscriptions that have anything in retries: the others need not be asked one by one. */
export async function selectSubscriptionsWithRetries(db: Db): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>({
    name: 'subscriptions_with_retries',
    text: 'SELECT s.id FROM subscriptions s WHERE EXISTS (SELECT FROM retries r WHERE r.subscription_id = s.id)',
  });
  return rows.map((row) => row.id);
}

/** Rows this process has claimed without knowing, because an answer was lost: all but those it holds. Their attempt is counted. */
export async function selectForgottenRetries(
  db: Db,
  subscriptionId: number,
  claimedBy: string,
  held: readonly number[],
): Promise<ClaimedRetry[]> {
  const result = await db.query<ClaimedRetry>(
    `SELECT ${CLAIMED} FROM retries r
     WHERE r.subscription_id = $1 AND r.claimed_by = $2 AND r.state = 'running' AND r.id <> ALL ($3::bigint[])
     ORDER BY r.position, r.id`,
    [subscriptionId, claimedBy, held],
  );
  return result.rows;
}

/** Claims that were never begun are given back uncounted. */
export async function releaseRetries(
  db: Db,
  ids: readonly number[],
  claimedBy: string,
): Promise<void> {
  if (ids.length === 0) return;
  await db.query(
    `UPDATE retries SET state = 'waiting', attempt = attempt - 1, due_at = now(), claimed_by = NULL, updated_at = now()
     WHERE id = ANY($1) AND claimed_by = $2 AND state = 'running'`,
    [ids, claimedBy],
  );
}
