import { type Db } from './database.ts';
import { multirangeText, type OffsetRange, parseMultirange } from './multirange.ts';
import { LEASE_TTL_MS } from './node-rows.ts';
import { type Owner, type PartitionStart } from './partition-rows.ts';

/** A range of one partition that is with one process. */
export type ClaimRow = {
  readonly id: number;
  readonly topicId: number;
  readonly partition: number;
  readonly from: number;
  /** Excluded. */
  readonly to: number;
  /** At or below the position of the first event. */
  readonly position: number;
  readonly epoch: number;
  readonly done: readonly OffsetRange[];
  /** Another process died with it: what was in flight is perhaps what killed it. */
  readonly suspect: boolean;
};

export type QueueMark = {
  readonly topicId: number;
  readonly partition: number;
  readonly next: number;
  /** First offset that an open claim of others holds; null when there is none. */
  readonly othersFrom: number | null;
};

/** A partition that has something to be claimed, as far as the caller knows. */
export type ClaimWish = {
  readonly topicId: number;
  readonly partition: number;
  /** Claim up to here, and at most `limit`. */
  readonly head: number;
  readonly limit: number;
  /** The event at or after offset `known` has at least position `position`. */
  readonly known: number;
  readonly position: number;
};

type ClaimProgressRow = {
  readonly id: number;
  readonly epoch: number;
  readonly from: number;
  readonly done: readonly OffsetRange[];
  readonly complete: boolean;
};

const COLUMNS = `c.id, c.topic_id AS "topicId", c."partition", c.from_offset AS "from", c.to_offset AS "to",
  c.from_position AS position, c.epoch, c.done::text AS done`;

type StoredClaim = Omit<ClaimRow, 'done' | 'suspect'> & { readonly done: string };

/** Rows that exist stay as they are. */
export async function insertQueueCursors(
  tx: Db,
  subscriptionId: number,
  starts: readonly PartitionStart[],
): Promise<void> {
  if (starts.length === 0) return;
  await tx.query('SELECT add_queue_cursors($1, $2::int[], $3::int[], $4::bigint[], $5::bigint[])', [
    subscriptionId,
    ...startColumns(starts),
  ]);
}

/**
 * Claims what is there of each partition, one range each: the cursor moves and one row is written, whatever the range holds. Whoever claims
 * of the same partition meanwhile waits for the length of this statement and then finds the cursor moved. Newest first, so that dead versions of
 * the cursor cost nothing.
 */
export async function insertClaims(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  wishes: readonly ClaimWish[],
): Promise<ClaimRow[]> {
  const { rows } = await db.query<StoredClaim>({
    name: 'claim_ranges',
    text: `SELECT ${COLUMNS} FROM claim_ranges($1, $2, $3, $4::int[], $5::int[], $6::bigint[], $7::int[], $8::bigint[], $9::bigint[]) c`,
    values: [
      subscriptionId,
      owner.nodeId,
      owner.incarnation,
      wishes.map((wish) => wish.topicId),
      wishes.map((wish) => wish.partition),
      wishes.map((wish) => wish.head),
      wishes.map((wish) => wish.limit),
      wishes.map((wish) => wish.known),
      wishes.map((wish) => wish.position),
    ],
  });
  return rows.map((row) => claimOf(row, false));
}

/**
 * Takes claims that were given back, whose owner is dead, or that are this process's without it knowing (the answer was lost), with a new
 * epoch: whoever held them changes nothing any more.
 */
export async function rescueClaims(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  taking: { readonly held: readonly number[]; readonly limit: number },
): Promise<ClaimRow[]> {
  const { rows } = await db.query<StoredClaim & { readonly clean: boolean }>(
    `WITH free AS (
       SELECT c.id, c.owner IS NULL OR c.owner_incarnation = $3 AS clean FROM claims c
       -- OFFSET 0: partition by partition from its first open claim on, never through all claims.
       WHERE c.id = ANY (ARRAY(SELECT o.id FROM queue_cursors q CROSS JOIN LATERAL (
               SELECT x.id FROM claims x WHERE x.subscription_id = q.subscription_id AND x.topic_id = q.topic_id
                 AND x."partition" = q."partition" AND x.id >= q.open_from OFFSET 0) o WHERE q.subscription_id = $1))
         AND c.id <> ALL ($4::bigint[])
         AND (c.owner_incarnation = $3 OR NOT EXISTS (
           SELECT FROM nodes n WHERE n.node_id = c.owner AND n.incarnation = c.owner_incarnation
             AND n.heartbeat_at > now() - interval '${LEASE_TTL_MS} milliseconds'))
       ORDER BY c.topic_id, c."partition", c.from_offset LIMIT $5 FOR UPDATE SKIP LOCKED)
     UPDATE claims c SET owner = $2, owner_incarnation = $3, epoch = c.epoch + 1, claimed_at = now()
     FROM free WHERE c.id = free.id RETURNING ${COLUMNS}, free.clean`,
    [subscriptionId, owner.nodeId, owner.incarnation, taking.held, taking.limit],
  );
  return rows.map((row) => claimOf(row, !row.clean));
}

/** Stores how far claims are: complete ones go. Returns the ids that are still the owner's; others were taken away and must be given up. */
export async function updateClaims(
  db: Db,
  owner: Owner,
  progress: readonly ClaimProgressRow[],
): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>({
    name: 'claim_progress',
    text: `WITH v AS (
       SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[]) AS v(id, epoch, low, done, complete)),
     gone AS (
       DELETE FROM claims c USING v WHERE v.complete AND c.id = v.id AND c.epoch = v.epoch AND c.owner_incarnation = $1 RETURNING c.id),
     moved AS (
       UPDATE claims c SET from_offset = v.low, done = v.done::int8multirange FROM v
       WHERE NOT v.complete AND c.id = v.id AND c.epoch = v.epoch AND c.owner_incarnation = $1 RETURNING c.id)
     SELECT id FROM gone UNION ALL SELECT id FROM moved`,
    values: [
      owner.incarnation,
      progress.map((one) => one.id),
      progress.map((one) => one.epoch),
      progress.map((one) => one.from),
      progress.map((one) => multirangeText(one.done)),
      progress.map((one) => one.complete),
    ],
  });
  return rows.map((row) => row.id);
}

/** Gives back what this incarnation holds, or only these claims of it. What is undone is anybody's at once. */
export async function releaseClaims(
  db: Db,
  subscriptionId: number,
  owner: Owner,
  ids: readonly number[] | null,
): Promise<void> {
  await db.query(
    `UPDATE claims SET owner = NULL, owner_incarnation = NULL
     WHERE subscription_id = $1 AND owner_incarnation = $2 AND ($3::bigint[] IS NULL OR id = ANY ($3))`,
    [subscriptionId, owner.incarnation, ids],
  );
}

/** Offsets of these claims that are in retries although the claim does not say so yet: they must not be handed out again. */
export async function selectRetriedOfClaims(
  db: Db,
  ids: readonly number[],
): Promise<{ id: number; offset: number }[]> {
  const result = await db.query<{ id: number; offset: number }>(
    `SELECT c.id, r."offset" FROM claims c
     JOIN retries r ON r.subscription_id = c.subscription_id AND r.topic_id = c.topic_id AND r."partition" = c."partition"
      AND r."offset" >= c.from_offset AND r."offset" < c.to_offset AND r.kind = 'delivery'
     WHERE c.id = ANY ($1)`,
    [ids],
  );
  return result.rows;
}

export async function selectQueueMarks(
  db: Db,
  subscriptionId: number,
  held: readonly number[],
): Promise<QueueMark[]> {
  const result = await db.query<QueueMark>(
    `SELECT q.topic_id AS "topicId", q."partition", q.next_offset AS next,
       (SELECT min(c.from_offset) FROM claims c WHERE c.subscription_id = q.subscription_id AND c.topic_id = q.topic_id
          AND c."partition" = q."partition" AND c.id >= q.open_from AND c.id <> ALL ($2::bigint[])) AS "othersFrom"
     FROM queue_cursors q WHERE q.subscription_id = $1 ORDER BY q.topic_id, q."partition"`,
    [subscriptionId, held],
  );
  return result.rows;
}

/** The queues that are through with the event at an offset: claimed, and in no open claim any more or done in it. */
export async function selectQueuesThrough(
  db: Db,
  at: { readonly topicId: number; readonly partition: number; readonly offset: number },
): Promise<number[]> {
  const result = await db.query<{ id: number }>(
    `SELECT q.subscription_id AS id FROM queue_cursors q
     WHERE q.topic_id = $1 AND q."partition" = $2 AND q.next_offset > $3 AND NOT EXISTS (
       SELECT FROM claims c WHERE c.subscription_id = q.subscription_id AND c.topic_id = q.topic_id AND c."partition" = q."partition"
         AND c.id >= q.open_from AND c.from_offset <= $3 AND c.to_offset > $3 AND NOT c.done @> $3::bigint)`,
    [at.topicId, at.partition, at.offset],
  );
  return result.rows.map((row) => row.id);
}

/** Nothing that is in the queue before these offsets is delivered any more, also not by who holds claims of it now. */
export async function purgeQueue(
  tx: Db,
  subscriptionId: number,
  starts: readonly PartitionStart[],
): Promise<void> {
  await tx.query(
    `UPDATE queue_cursors q SET next_offset = greatest(q.next_offset, v."offset"), next_position = greatest(q.next_position, v.position), problem = NULL
     FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[]) AS v(topic_id, "partition", "offset", position)
     WHERE q.subscription_id = $1 AND q.topic_id = v.topic_id AND q."partition" = v."partition"`,
    [subscriptionId, ...startColumns(starts)],
  );
  const before = `FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[]) AS v(topic_id, "partition", "offset", position)
     WHERE c.subscription_id = $1 AND c.topic_id = v.topic_id AND c."partition" = v."partition" AND c.from_offset < v."offset"`;
  const values = [subscriptionId, ...startColumns(starts)];
  await tx.query(
    `DELETE FROM claims c USING ${before.slice(5)} AND c.to_offset <= v."offset"`,
    values,
  );
  await tx.query(
    `UPDATE claims c SET from_offset = v."offset", done = c.done - int8multirange(int8range(0, v."offset")), epoch = c.epoch + 1,
       from_position = v.position, owner = NULL, owner_incarnation = NULL ${before}`,
    values,
  );
}

const claimOf = (row: StoredClaim, suspect: boolean): ClaimRow => ({
  ...row,
  done: parseMultirange(row.done),
  suspect,
});

const startColumns = (starts: readonly PartitionStart[]): unknown[] => [
  starts.map((start) => start.topicId),
  starts.map((start) => start.partition),
  starts.map((start) => start.offset),
  starts.map((start) => start.position),
];
