import { type Db } from './database.ts';
import { LEASE_TTL_MS } from './node-rows.ts';
import { columnsOf, type PartitionRef } from './partition-ref.ts';
import { type Owner } from './partition-rows.ts';
import { CLAIMED, type ClaimedRetry } from './retry-rows.ts';

/**
 * Rows whose attempt was begun by a process that is gone (another incarnation of this node, or a node that is not heard of), and those of
 * the `taken` partitions and of replays this process runs, which whoever had them before has given up. Never what belongs to a partition
 * or a replay of somebody else.
 */
export async function claimOrphanedRetries(
  tx: Db,
  subscriptionId: number,
  owner: Owner,
  taking: { readonly taken: readonly PartitionRef[]; readonly limit: number },
): Promise<ClaimedRetry[]> {
  const result = await tx.query<ClaimedRetry>(
    `UPDATE retries r SET claimed_by = $3, updated_at = now() WHERE r.id IN (
       SELECT o.id FROM retries o WHERE o.subscription_id = $1 AND o.state = 'running' AND o.claimed_by <> $3
         AND CASE
           WHEN o.kind <> 'replay' AND (o.topic_id, o."partition") IN (SELECT * FROM unnest($5::int[], $6::int[])) THEN true
           WHEN o.kind <> 'replay' AND EXISTS (SELECT FROM subscription_partitions p WHERE p.subscription_id = $1
             AND p.topic_id = o.topic_id AND p."partition" = o."partition" AND p.owner_incarnation IS DISTINCT FROM $3) THEN false
           WHEN o.kind = 'replay' AND EXISTS (SELECT FROM operations x WHERE x.id = o.operation_id AND x.claimed_by <> $3) THEN false
           WHEN o.kind = 'replay' AND EXISTS (SELECT FROM operations x WHERE x.id = o.operation_id AND x.claimed_by = $3) THEN true
           ELSE NOT EXISTS (SELECT FROM nodes n WHERE n.incarnation = o.claimed_by AND n.node_id <> $2
                              AND n.heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds') END
       ORDER BY o.id LIMIT $4 FOR UPDATE SKIP LOCKED)
     RETURNING ${CLAIMED}`,
    [subscriptionId, owner.nodeId, owner.incarnation, taking.limit, ...columnsOf(taking.taken)],
  );
  return result.rows;
}

/** A key of these partitions whose front is gone (it cannot be by our own transactions; a restored backup can hold it) gets its next one. */
export async function promoteHeadlessKeys(
  tx: Db,
  subscriptionId: number,
  taken: readonly PartitionRef[],
): Promise<void> {
  if (taken.length === 0) return;
  await tx.query(
    `UPDATE retries r SET state = 'waiting', due_at = now(), updated_at = now() WHERE r.id IN (
       SELECT DISTINCT ON (p.topic_id, p."partition", p.key) p.id FROM retries p
       WHERE p.subscription_id = $1 AND p.state = 'parked'
         AND (p.topic_id, p."partition") IN (SELECT * FROM unnest($2::int[], $3::int[])) AND NOT EXISTS (
         SELECT FROM retries h WHERE h.subscription_id = $1 AND h.topic_id = p.topic_id AND h."partition" = p."partition"
           AND h.key = p.key AND h.kind = 'delivery' AND h.state <> 'parked')
       ORDER BY p.topic_id, p."partition", p.key, p."offset")`,
    [subscriptionId, ...columnsOf(taken)],
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
