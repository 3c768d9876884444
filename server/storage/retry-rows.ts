import { attemptInsertFrom, attemptValues, type NewAttempt } from './attempt-rows.ts';
import { type Db } from './database.ts';
import { type Fence, fenceQuery } from './fence-rows.ts';
import { type Owner } from './partition-rows.ts';

export type RetryKind = 'delivery' | 'replay' | 'redrive';

/** Which event of which subscription a row is about. */
export type RetryTarget = {
  readonly subscriptionId: number;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
  readonly key: string | null;
};

/** A row in the hands of this process: its attempt is counted already. */
export type ClaimedRetry = RetryTarget & {
  readonly id: number;
  readonly attempt: number;
  readonly kind: RetryKind;
  readonly operationId: string | null;
  readonly deadLetterId: string | null;
  /** JSON text that is delivered instead of the event's own payload. */
  readonly data: string | null;
};

/** Columns of a ClaimedRetry from `retries r`. */
export const CLAIMED = `r.id, r.subscription_id AS "subscriptionId", r.topic_id AS "topicId", r."partition", r."offset", r.position,
  r.key, r.attempt, r.kind, r.operation_id AS "operationId", r.dead_letter_id AS "deadLetterId", r.data`;

const targetValues = (target: RetryTarget): unknown[] => [
  target.subscriptionId,
  target.topicId,
  target.partition,
  target.offset,
  target.position,
  target.key,
];

/** A first attempt failed: it is kept, and the event waits for its next one unless it waits already. False: fenced, nothing was written. */
export async function insertWaitingRetry(
  db: Db,
  failed: NewAttempt,
  retry: {
    readonly target: RetryTarget;
    readonly delayMs: number;
    readonly kind: RetryKind;
    readonly fence: Fence;
  },
): Promise<boolean> {
  const { target, fence } = retry;
  const held = fenceQuery(fence, 17);
  const { rows } = await db.query<{ held: number }>(
    `WITH held AS (${held.text}),
       failed AS (${attemptInsertFrom('held')}),
       waiting AS (
         INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, key, state, attempt, due_at, kind, operation_id)
         SELECT $1, $11, $12, $13, $2, $14, 'waiting', $3, now() + $15 * interval '1 millisecond', $16, $10 FROM held
         ON CONFLICT DO NOTHING)
     SELECT count(*) AS held FROM held`,
    [
      ...attemptValues(failed),
      target.topicId,
      target.partition,
      target.offset,
      target.key,
      retry.delayMs,
      retry.kind,
      ...held.values,
    ],
  );
  return rows[0]?.held === 1;
}

/** Before a first attempt that may kill the process; asked again, it answers the same. Null when the event is in retries already. */
export async function insertRunningRetry(
  db: Db,
  target: RetryTarget,
  claim: { readonly claimedBy: string; readonly fence: Fence },
): Promise<ClaimedRetry | 'fenced' | null> {
  const held = fenceQuery(claim.fence, 8);
  const { rows } = await db.query<ClaimedRetry & { held: number }>(
    `WITH held AS (${held.text}),
       r AS (
         INSERT INTO retries AS r (subscription_id, topic_id, "partition", "offset", position, key, state, attempt, claimed_by)
         SELECT $1, $2, $3, $4, $5, $6, 'running', 1, $7 FROM held
         ON CONFLICT (subscription_id, topic_id, "partition", "offset", kind, coalesce(operation_id, '00000000-0000-0000-0000-000000000000'::uuid))
         DO UPDATE SET updated_at = now() WHERE r.claimed_by = excluded.claimed_by AND r.state = 'running' RETURNING *)
     SELECT held.count AS held, ${CLAIMED} FROM (SELECT count(*) FROM held) held LEFT JOIN r ON true`,
    [...targetValues(target), claim.claimedBy, ...held.values],
  );
  const [row] = rows;
  if (row === undefined || row.held === 0) return 'fenced';
  const { held: _held, ...claimed } = row;
  return claimed.id === null ? null : claimed;
}

/** Events behind a key that is being retried. Those already there stay as they are; those of partitions that are lost stay away. */
export async function insertParkedRetries(
  db: Db,
  owner: Owner,
  targets: readonly (RetryTarget & { readonly epoch: number })[],
): Promise<void> {
  await db.query(
    `WITH v AS (
       SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
         AS v(subscription_id, topic_id, "partition", "offset", position, key, epoch)),
     held AS (
       SELECT p.subscription_id, p.topic_id, p."partition", p.epoch FROM subscription_partitions p
       WHERE p.owner = $8 AND p.owner_incarnation = $9
         AND (p.subscription_id, p.topic_id, p."partition", p.epoch) IN (SELECT subscription_id, topic_id, "partition", epoch FROM v)
       ORDER BY 1, 2, 3 FOR SHARE)
     INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, key, state)
     SELECT v.subscription_id, v.topic_id, v."partition", v."offset", v.position, v.key, 'parked'
     FROM v JOIN held USING (subscription_id, topic_id, "partition", epoch)
     ON CONFLICT DO NOTHING`,
    [
      targets.map((target) => target.subscriptionId),
      targets.map((target) => target.topicId),
      targets.map((target) => target.partition),
      targets.map((target) => target.offset),
      targets.map((target) => target.position),
      targets.map((target) => target.key),
      targets.map((target) => target.epoch),
      owner.nodeId,
      owner.incarnation,
    ],
  );
}

/** The claimed attempt failed: it is kept, and there will be another. False when the row is no longer this process's for this attempt: nothing was written. */
export async function updateRetryWaiting(
  db: Db,
  failed: NewAttempt,
  claim: { readonly id: number; readonly claimedBy: string; readonly attempt: number },
  delayMs: number,
): Promise<boolean> {
  const { id, claimedBy: incarnation, attempt } = claim;
  const held = fenceQuery({ type: 'retry', id, incarnation, attempt }, 12);
  const { rows } = await db.query<{ held: number }>(
    `WITH held AS (${held.text}),
       failed AS (${attemptInsertFrom('held')}),
       waiting AS (
         UPDATE retries SET state = 'waiting', due_at = now() + $11 * interval '1 millisecond', claimed_by = NULL, updated_at = now()
         FROM held WHERE retries.id = $12)
     SELECT count(*) AS held FROM held`,
    [...attemptValues(failed), delayMs, ...held.values],
  );
  return rows[0]?.held === 1;
}

/**
 * Settled: the row goes, and the next parked event of its key takes its place, claimed; `next` is null when none is parked. Null when the
 * row is no longer this process's (taken over, reset or removed meanwhile): nothing was written.
 */
export async function deleteRetryAndClaimNext(
  db: Db,
  id: number,
  claimedBy: string,
): Promise<{ readonly next: ClaimedRetry | null } | null> {
  const held = fenceQuery({ type: 'retry', id, incarnation: claimedBy }, 1);
  const { rows } = await db.query<ClaimedRetry & { gone: number }>(
    `WITH held AS (${held.text}),
       gone AS (
         DELETE FROM retries USING held WHERE id = $1 RETURNING subscription_id, topic_id, "partition", key, kind),
       r AS (
         UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $2, updated_at = now()
         FROM gone, LATERAL (
           SELECT id FROM retries n WHERE n.subscription_id = gone.subscription_id AND n.topic_id = gone.topic_id
             AND n."partition" = gone."partition" AND n.key = gone.key AND n.state = 'parked' ORDER BY n."offset" LIMIT 1) next
         WHERE gone.kind = 'delivery' AND r.id = next.id RETURNING r.*)
     SELECT gone.count AS gone, ${CLAIMED} FROM (SELECT count(*) FROM gone) gone LEFT JOIN r ON true`,
    [id, claimedBy],
  );
  const [row] = rows;
  if (row === undefined || row.gone === 0) return null;
  const { gone: _gone, ...next } = row;
  return { next: next.id === null ? null : next };
}

/** Takes the next parked event of a key as its new front; null when none is parked, or when its partition is another process's. */
export async function claimNextParked(
  tx: Db,
  key: {
    readonly subscriptionId: number;
    readonly topicId: number;
    readonly partition: number;
    readonly key: string;
  },
  claimedBy: string,
): Promise<ClaimedRetry | null> {
  const result = await tx.query<ClaimedRetry>(
    `WITH held AS (
       SELECT 1 FROM subscription_partitions
       WHERE subscription_id = $1 AND topic_id = $2 AND "partition" = $3 AND owner_incarnation = $5 FOR SHARE)
     UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $5, updated_at = now() FROM held
     WHERE r.id = (SELECT id FROM retries WHERE subscription_id = $1 AND topic_id = $2 AND "partition" = $3 AND key = $4
                     AND state = 'parked' ORDER BY "offset" LIMIT 1)
     RETURNING ${CLAIMED}`,
    [key.subscriptionId, key.topicId, key.partition, key.key, claimedBy],
  );
  return result.rows[0] ?? null;
}

/** Deliveries at or after these offsets, which will be delivered again from the log. */
export async function deleteRetriesFrom(
  tx: Db,
  subscriptionId: number,
  starts: readonly {
    readonly topicId: number;
    readonly partition: number;
    readonly offset: number;
  }[],
): Promise<void> {
  await tx.query(
    `DELETE FROM retries r USING unnest($2::int[], $3::int[], $4::bigint[]) AS v(topic_id, "partition", "offset")
     WHERE r.subscription_id = $1 AND r.kind = 'delivery' AND r.topic_id = v.topic_id AND r."partition" = v."partition"
       AND r."offset" >= v."offset"`,
    [
      subscriptionId,
      starts.map((start) => start.topicId),
      starts.map((start) => start.partition),
      starts.map((start) => start.offset),
    ],
  );
}

/** Puts letters back before their consumer, due at once; their status is the caller's. */
export async function insertRedriveRetries(
  tx: Db,
  letterIds: readonly string[],
  operationId: string | null,
): Promise<void> {
  await tx.query(
    `INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, key, state, attempt, due_at, kind,
       operation_id, dead_letter_id, data)
     SELECT l.subscription_id, l.topic_id, l."partition", l."offset", l.position, l.key, 'waiting', 0, now(), 'redrive',
       $2, l.id, l.edited_data
     FROM dead_letters l WHERE l.id = ANY($1) ON CONFLICT DO NOTHING`,
    [letterIds, operationId],
  );
}

export type RetryCounts = {
  readonly subscriptionId: number;
  readonly retrying: number;
  readonly parked: number;
};

export async function selectRetryCounts(db: Db): Promise<RetryCounts[]> {
  const result = await db.query<RetryCounts>(
    `SELECT subscription_id AS "subscriptionId", count(*) FILTER (WHERE state <> 'parked') AS retrying,
       count(*) FILTER (WHERE state = 'parked') AS parked FROM retries GROUP BY 1`,
  );
  return result.rows;
}

/** How every subscription's retries stand to one event. */
export async function selectRetriesOfPosition(
  db: Db,
  position: number,
): Promise<{ subscriptionId: number; state: string; dueAt: string | null }[]> {
  const result = await db.query<{ subscriptionId: number; state: string; dueAt: string | null }>(
    `SELECT subscription_id AS "subscriptionId", state, to_char(due_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "dueAt"
     FROM retries WHERE position = $1 AND kind <> 'replay'`,
    [position],
  );
  return result.rows;
}
