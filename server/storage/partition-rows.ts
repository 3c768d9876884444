import { type Db } from './database.ts';
import { multirangeText, type OffsetRange, parseMultirange } from './multirange.ts';
import { LEASE_TTL_MS } from './node-rows.ts';
import { columnsOf, type PartitionRef } from './partition-ref.ts';
import { QUEUE_LOW_MARK, QUEUE_LOW_POSITION } from './queue-marks.ts';

/** Who owns a partition: a process (`incarnation`) under its node's lasting name. */
export type Owner = { readonly nodeId: string; readonly incarnation: string };

export type PartitionStart = {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
};

export type OwnedPartitionRow = {
  readonly topicId: number;
  readonly partition: number;
  readonly committed: number;
  readonly committedPosition: number;
  readonly epoch: number;
  readonly suspectUntil: number;
  /** Beyond the commit, and not to be delivered again: done at an owner that gave the partition up. */
  readonly doneAhead: readonly OffsetRange[];
};

type StoredPartition = Omit<OwnedPartitionRow, 'doneAhead'> & { readonly doneAhead: string };

export type PartitionRow = {
  readonly subscriptionId: number;
  readonly topicId: number;
  readonly partition: number;
  readonly committed: number;
  readonly committedPosition: number;
  readonly owner: string | null;
  /** Why it is not delivered although nobody paused it. */
  readonly problem: string | null;
};

export type OffsetCommit = {
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: number;
  readonly committed: number;
  readonly position: number;
  /** What is done beyond `committed`; null leaves it as it is stored. */
  readonly doneAhead: readonly OffsetRange[] | null;
};

const EXPIRED = `NOT EXISTS (SELECT FROM nodes n WHERE n.node_id = p.owner AND n.incarnation = p.owner_incarnation
  AND n.heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds')`;

/** Rows that exist stay as they are. */
export async function insertPartitions(
  tx: Db,
  subscriptionId: number,
  starts: readonly PartitionStart[],
): Promise<void> {
  if (starts.length === 0) return;
  await tx.query(
    `INSERT INTO subscription_partitions (subscription_id, topic_id, "partition", committed, committed_position)
     SELECT $1, * FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[]) ON CONFLICT DO NOTHING`,
    [
      subscriptionId,
      starts.map((start) => start.topicId),
      starts.map((start) => start.partition),
      starts.map((start) => start.offset),
      starts.map((start) => start.position),
    ],
  );
}

export async function deletePartitionsOfTopics(
  tx: Db,
  subscriptionId: number,
  topicIds: readonly number[],
): Promise<void> {
  // Whoever claims holds the cursor: after its row there can be no new claim.
  for (const table of ['subscription_partitions', 'queue_cursors', 'claims']) {
    await tx.query(`DELETE FROM ${table} WHERE subscription_id = $1 AND topic_id = ANY($2)`, [
      subscriptionId,
      topicIds,
    ]);
  }
}

/**
 * Takes those of the wanted partitions that are free, that an earlier incarnation of this node held, or whose owner is dead, with a new
 * epoch; none while this process itself is thought dead, or the subscription is held. One that was not released cleanly is suspect: what
 * was perhaps in flight reaches `maxInFlight` offsets beyond the commit.
 */
export async function acquirePartitions(
  tx: Db,
  subscriptionId: number,
  owner: Owner,
  taking: {
    readonly maxInFlight: number;
    /** None that is held already: its epoch would change. */
    readonly wanted: readonly PartitionRef[];
  },
): Promise<OwnedPartitionRow[]> {
  const result = await tx.query<StoredPartition>(
    `UPDATE subscription_partitions p SET
       owner = $2, owner_incarnation = $3, epoch = p.epoch + 1, updated_at = now(),
       suspect_until = CASE WHEN p.owner IS NULL OR p.owner_incarnation = $3 THEN p.suspect_until
                            ELSE greatest(p.suspect_until, p.committed + $4::int) END
     WHERE (p.subscription_id, p.topic_id, p."partition") IN (
       SELECT p.subscription_id, p.topic_id, p."partition" FROM subscription_partitions p
       WHERE p.subscription_id = $1 AND (p.owner IS NULL OR p.owner = $2 OR ${EXPIRED})
         AND (p.topic_id, p."partition") IN (SELECT * FROM unnest($5::int[], $6::int[]))
         AND EXISTS (SELECT FROM nodes n WHERE n.node_id = $2 AND n.incarnation = $3
                       AND n.heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds')
         AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.id = $1 AND s.held_until > now())
       ORDER BY p.topic_id, p."partition" FOR UPDATE SKIP LOCKED)
     RETURNING p.topic_id AS "topicId", p."partition", p.committed, p.committed_position AS "committedPosition",
       p.epoch, p.suspect_until AS "suspectUntil", p.done_ahead::text AS "doneAhead"`,
    [
      subscriptionId,
      owner.nodeId,
      owner.incarnation,
      taking.maxInFlight,
      ...columnsOf(taking.wanted),
    ],
  );
  return result.rows.map((row) => ({ ...row, doneAhead: parseMultirange(row.doneAhead) }));
}

/** Gives back one partition; with nothing in flight any more, so nothing is suspect. */
export async function releasePartition(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  held: { readonly topicId: number; readonly partition: number; readonly epoch: number },
): Promise<void> {
  await db.query(
    `UPDATE subscription_partitions SET owner = NULL, owner_incarnation = NULL, suspect_until = 0, updated_at = now()
     WHERE subscription_id = $1 AND owner = $2 AND owner_incarnation = $3 AND topic_id = $4 AND "partition" = $5 AND epoch = $6`,
    [subscriptionId, owner.nodeId, owner.incarnation, held.topicId, held.partition, held.epoch],
  );
}

/** Gives back what this incarnation took without knowing, because the answer was lost: all but what it holds. It stays as suspect as it is. */
export async function releaseForgottenPartitions(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  held: readonly PartitionRef[],
): Promise<void> {
  await db.query(
    `UPDATE subscription_partitions SET owner = NULL, owner_incarnation = NULL, updated_at = now()
     WHERE subscription_id = $1 AND owner = $2 AND owner_incarnation = $3
       AND (topic_id, "partition") NOT IN (SELECT * FROM unnest($4::int[], $5::int[]))`,
    [subscriptionId, owner.nodeId, owner.incarnation, ...columnsOf(held)],
  );
}

/** Gives back what this incarnation holds; with nothing in flight any more, so nothing is suspect. */
export async function releasePartitions(
  db: Db,
  subscriptionId: number,
  owner: Owner,
): Promise<void> {
  await db.query(
    `UPDATE subscription_partitions SET owner = NULL, owner_incarnation = NULL, suspect_until = 0, updated_at = now()
     WHERE subscription_id = $1 AND owner = $2 AND owner_incarnation = $3`,
    [subscriptionId, owner.nodeId, owner.incarnation],
  );
}

/**
 * Returns the partitions whose offset now stands there; one that is missing has another owner or epoch and must be given up. What is stored
 * as done beyond the offset is dropped as far as the offset passes it.
 */
export async function updateCommitted(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  commits: readonly OffsetCommit[],
): Promise<{ topicId: number; partition: number }[]> {
  const result = await db.query<{ topicId: number; partition: number }>(
    `UPDATE subscription_partitions p SET committed = v.committed, committed_position = v.position, updated_at = now(),
       done_ahead = coalesce(v.done_ahead::int8multirange, p.done_ahead) - int8multirange(int8range(NULL, v.committed))
     FROM unnest($4::int[], $5::int[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
       AS v(topic_id, "partition", epoch, committed, position, done_ahead)
     WHERE p.subscription_id = $1 AND p.topic_id = v.topic_id AND p."partition" = v."partition"
       AND p.owner = $2 AND p.owner_incarnation = $3 AND p.epoch = v.epoch AND p.committed <= v.committed
     RETURNING p.topic_id AS "topicId", p."partition"`,
    [
      subscriptionId,
      owner.nodeId,
      owner.incarnation,
      commits.map((commit) => commit.topicId),
      commits.map((commit) => commit.partition),
      commits.map((commit) => commit.epoch),
      commits.map((commit) => commit.committed),
      commits.map((commit) => commit.position),
      commits.map(({ doneAhead }) => (doneAhead === null ? null : multirangeText(doneAhead))),
    ],
  );
  return result.rows;
}

/** With no subscription: of all. Of a queue, what is below all open claims is committed, and nobody owns its partitions. */
export async function selectPartitions(
  db: Db,
  subscriptionId: number | null,
): Promise<PartitionRow[]> {
  const result = await db.query<PartitionRow>(
    `SELECT subscription_id AS "subscriptionId", topic_id AS "topicId", "partition", committed,
       committed_position AS "committedPosition", owner, problem
     FROM subscription_partitions WHERE $1::int IS NULL OR subscription_id = $1
     UNION ALL
     SELECT q.subscription_id, q.topic_id, q."partition", ${QUEUE_LOW_MARK}, ${QUEUE_LOW_POSITION}, NULL, q.problem
     FROM queue_cursors q WHERE $1::int IS NULL OR q.subscription_id = $1
     ORDER BY 1, 2, 3`,
    [subscriptionId],
  );
  return result.rows;
}

/** Partitions of a subscription that processes other than this one have and that are alive. */
export async function countPartitionsElsewhere(
  db: Db,
  subscriptionId: number,
  owner: Owner,
): Promise<number> {
  const result = await db.query<{ count: number }>(
    `SELECT count(*) AS count FROM subscription_partitions p
     WHERE p.subscription_id = $1 AND p.owner_incarnation <> $2 AND NOT (${EXPIRED})`,
    [subscriptionId, owner.incarnation],
  );
  return result.rows[0]?.count ?? 0;
}

/** Moves offsets by hand; whoever owns the partitions is fenced by the new epoch and nobody owns them until they are taken again. */
export async function resetPartitions(
  tx: Db,
  subscriptionId: number,
  starts: readonly PartitionStart[],
): Promise<void> {
  await tx.query(
    `UPDATE subscription_partitions p SET committed = v."offset", committed_position = v.position, epoch = p.epoch + 1,
       owner = NULL, owner_incarnation = NULL, suspect_until = 0, done_ahead = '{}', problem = NULL, updated_at = now()
     FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[]) AS v(topic_id, "partition", "offset", position)
     WHERE p.subscription_id = $1 AND p.topic_id = v.topic_id AND p."partition" = v."partition"`,
    [
      subscriptionId,
      starts.map((start) => start.topicId),
      starts.map((start) => start.partition),
      starts.map((start) => start.offset),
      starts.map((start) => start.position),
    ],
  );
}

/** The partition stands still because the next event was dropped by retention. False when that was known already. */
export async function markOutOfRange(
  tx: Db,
  subscription: { readonly id: number; readonly mode: 'stream' | 'queue' },
  place: { readonly topicId: number; readonly partition: number },
): Promise<boolean> {
  const table = subscription.mode === 'queue' ? 'queue_cursors' : 'subscription_partitions';
  const result = await tx.query(
    `UPDATE ${table} SET problem = 'offset-out-of-range'
     WHERE subscription_id = $1 AND topic_id = $2 AND "partition" = $3 AND problem IS NULL`,
    [subscription.id, place.topicId, place.partition],
  );
  return result.rowCount === 1;
}
