import { ATTEMPT_INSERT, attemptValues, type NewAttempt } from './attempt-rows.ts';
import { type Db } from './database.ts';

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

const CLAIMED = `r.id, r.subscription_id AS "subscriptionId", r.topic_id AS "topicId", r."partition", r."offset", r.position,
  r.key, r.attempt, r.kind, r.operation_id AS "operationId", r.dead_letter_id AS "deadLetterId", r.data`;

const targetValues = (target: RetryTarget): unknown[] => [
  target.subscriptionId,
  target.topicId,
  target.partition,
  target.offset,
  target.position,
  target.key,
];

/** A first attempt failed: it is kept, and the event waits for its next one unless it waits already. */
export async function insertWaitingRetry(
  db: Db,
  failed: NewAttempt,
  target: RetryTarget,
  wait: { readonly delayMs: number; readonly kind: RetryKind },
): Promise<void> {
  await db.query(
    `WITH failed AS (${ATTEMPT_INSERT})
     INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, key, state, attempt, due_at, kind, operation_id)
     VALUES ($1, $11, $12, $13, $2, $14, 'waiting', $3, now() + $15 * interval '1 millisecond', $16, $10) ON CONFLICT DO NOTHING`,
    [
      ...attemptValues(failed),
      target.topicId,
      target.partition,
      target.offset,
      target.key,
      wait.delayMs,
      wait.kind,
    ],
  );
}

/** Before a first attempt that may kill the process. Null when the event is in retries already. */
export async function insertRunningRetry(
  db: Db,
  target: RetryTarget,
  claimedBy: string,
): Promise<ClaimedRetry | null> {
  const result = await db.query<ClaimedRetry>(
    `INSERT INTO retries AS r (subscription_id, topic_id, "partition", "offset", position, key, state, attempt, claimed_by)
     VALUES ($1, $2, $3, $4, $5, $6, 'running', 1, $7) ON CONFLICT DO NOTHING RETURNING ${CLAIMED}`,
    [...targetValues(target), claimedBy],
  );
  return result.rows[0] ?? null;
}

/** Events behind a key that is being retried. Those already there stay as they are. */
export async function insertParkedRetries(db: Db, targets: readonly RetryTarget[]): Promise<void> {
  await db.query(
    `INSERT INTO retries (subscription_id, topic_id, "partition", "offset", position, key, state)
     SELECT v.*, 'parked' FROM unnest($1::int[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::text[]) AS v
     ON CONFLICT DO NOTHING`,
    [
      targets.map((target) => target.subscriptionId),
      targets.map((target) => target.topicId),
      targets.map((target) => target.partition),
      targets.map((target) => target.offset),
      targets.map((target) => target.position),
      targets.map((target) => target.key),
    ],
  );
}

/** Takes due rows, oldest first, and counts the attempt that is about to be made. */
export async function claimDueRetries(
  db: Db,
  subscriptionId: number,
  claimedBy: string,
  limit: number,
): Promise<ClaimedRetry[]> {
  const result = await db.query<ClaimedRetry>(
    `UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $2, updated_at = now()
     WHERE r.id IN (SELECT id FROM retries WHERE subscription_id = $1 AND state = 'waiting' AND due_at <= now()
                    ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING ${CLAIMED}`,
    [subscriptionId, claimedBy, limit],
  );
  return result.rows.toSorted((left, right) => left.position - right.position);
}

/** Milliseconds until the next row is due by Postgres's clock (0 or less: now); null when none waits. */
export async function selectNextDueMs(db: Db, subscriptionId: number): Promise<number | null> {
  const result = await db.query<{ dueMs: number }>(
    `SELECT (extract(epoch FROM due_at - now()) * 1000)::float8 AS "dueMs" FROM retries
     WHERE subscription_id = $1 AND state = 'waiting' ORDER BY due_at LIMIT 1`,
    [subscriptionId],
  );
  return result.rows[0]?.dueMs ?? null;
}

/** The claimed attempt failed: it is kept, and there will be another. Only kept when the row is no longer this process's. */
export async function updateRetryWaiting(
  db: Db,
  failed: NewAttempt,
  claim: { readonly id: number; readonly claimedBy: string },
  delayMs: number,
): Promise<void> {
  await db.query(
    `WITH failed AS (${ATTEMPT_INSERT})
     UPDATE retries SET state = 'waiting', due_at = now() + $13 * interval '1 millisecond', claimed_by = NULL, updated_at = now()
     WHERE id = $11 AND claimed_by = $12 AND state = 'running'`,
    [...attemptValues(failed), claim.id, claim.claimedBy, delayMs],
  );
}

/**
 * Settled: the row goes, and the next parked event of its key takes its place, claimed. Null when none is parked, or when the row is no
 * longer this process's (reset or removed meanwhile).
 */
export async function deleteRetryAndClaimNext(
  db: Db,
  id: number,
  claimedBy: string,
): Promise<ClaimedRetry | null> {
  const result = await db.query<ClaimedRetry>(
    `WITH gone AS (
       DELETE FROM retries WHERE id = $1 AND claimed_by = $2 AND state = 'running'
       RETURNING subscription_id, topic_id, "partition", key, kind)
     UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $2, updated_at = now()
     FROM gone, LATERAL (
       SELECT id FROM retries n WHERE n.subscription_id = gone.subscription_id AND n.topic_id = gone.topic_id
         AND n."partition" = gone."partition" AND n.key = gone.key AND n.state = 'parked' ORDER BY n."offset" LIMIT 1) next
     WHERE gone.kind = 'delivery' AND r.id = next.id RETURNING ${CLAIMED}`,
    [id, claimedBy],
  );
  return result.rows[0] ?? null;
}

/** Takes the next parked event of a key as its new front; null when none is parked. */
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
    `UPDATE retries r SET state = 'running', attempt = r.attempt + 1, claimed_by = $5, updated_at = now()
     WHERE r.id = (SELECT id FROM retries WHERE subscription_id = $1 AND topic_id = $2 AND "partition" = $3 AND key = $4
                     AND state = 'parked' ORDER BY "offset" LIMIT 1)
     RETURNING ${CLAIMED}`,
    [key.subscriptionId, key.topicId, key.partition, key.key, claimedBy],
  );
  return result.rows[0] ?? null;
}

/** Rows whose attempt was begun by a process that is gone: another incarnation of this node, or a node that is not heard of. */
export async function claimOrphanedRetries(
  tx: Db,
  subscriptionId: number,
  owner: { readonly nodeId: string; readonly incarnation: string },
  limit: number,
): Promise<ClaimedRetry[]> {
  const result = await tx.query<ClaimedRetry>(
    `UPDATE retries r SET claimed_by = $3, updated_at = now() WHERE r.id IN (
       SELECT o.id FROM retries o WHERE o.subscription_id = $1 AND o.state = 'running' AND o.claimed_by <> $3
         AND NOT EXISTS (SELECT FROM nodes n WHERE n.incarnation = o.claimed_by AND n.node_id <> $2
                           AND n.heartbeat_at > now() - interval '10 seconds')
       ORDER BY o.id LIMIT $4 FOR UPDATE SKIP LOCKED)
     RETURNING ${CLAIMED}`,
    [subscriptionId, owner.nodeId, owner.incarnation, limit],
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

/** A key whose front is gone (it cannot be by our own transactions; a restored backup can hold it) gets its next one as the front. */
export async function promoteHeadlessKeys(tx: Db, subscriptionId: number): Promise<void> {
  await tx.query(
    `UPDATE retries r SET state = 'waiting', due_at = now(), updated_at = now() WHERE r.id IN (
       SELECT DISTINCT ON (p.topic_id, p."partition", p.key) p.id FROM retries p
       WHERE p.subscription_id = $1 AND p.state = 'parked' AND NOT EXISTS (
         SELECT FROM retries h WHERE h.subscription_id = $1 AND h.topic_id = p.topic_id AND h."partition" = p."partition"
           AND h.key = p.key AND h.kind = 'delivery' AND h.state <> 'parked')
       ORDER BY p.topic_id, p."partition", p.key, p."offset")`,
    [subscriptionId],
  );
}

export type RetryingKey = {
  readonly topicId: number;
  readonly partition: number;
  readonly key: string | null;
  readonly parked: number;
};

/** The keys whose later events must wait, with how many are parked behind each; of deliveries, not of replays. */
export async function selectRetryingKeys(tx: Db, subscriptionId: number): Promise<RetryingKey[]> {
  const result = await tx.query<RetryingKey>(
    `SELECT topic_id AS "topicId", "partition", key, count(*) FILTER (WHERE state = 'parked') AS parked
     FROM retries WHERE subscription_id = $1 AND kind = 'delivery' GROUP BY 1, 2, 3`,
    [subscriptionId],
  );
  return result.rows;
}

/** Offsets that are in retries although the committed offset has not passed them: they must not be handed out again. */
export async function selectRetriedOffsets(
  tx: Db,
  subscriptionId: number,
): Promise<{ topicId: number; partition: number; offset: number }[]> {
  const result = await tx.query<{ topicId: number; partition: number; offset: number }>(
    `SELECT r.topic_id AS "topicId", r."partition", r."offset" FROM retries r
     JOIN subscription_partitions p USING (subscription_id, topic_id, "partition")
     WHERE r.subscription_id = $1 AND r.kind = 'delivery' AND r."offset" >= p.committed`,
    [subscriptionId],
  );
  return result.rows;
}

/** Replays of this subscription that are still being retried. */
export async function selectRetryingReplays(
  db: Db,
  subscriptionId: number,
): Promise<{ operationId: string; position: number }[]> {
  const result = await db.query<{ operationId: string; position: number }>(
    `SELECT operation_id AS "operationId", position FROM retries
     WHERE subscription_id = $1 AND kind = 'replay' AND operation_id IS NOT NULL`,
    [subscriptionId],
  );
  return result.rows;
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
