import { z } from 'zod';
import { leafStateSchema } from '#contracts/leaf.ts';
import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

/** Two-key advisory locks of the log: its first key, and what the second one guards. */
const LOG_LOCK = 1_163_087_698;
const UPKEEP = -2;

const time = z.string().transform(isoFromPg);
const rowSchema = z.object({
  from: z.number(),
  to: z.number(),
  state: leafStateSchema,
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
  minRecordedAt: time.nullable(),
  maxRecordedAt: time.nullable(),
  archiveFile: z.string().nullable(),
  archiveSha256: z.string().nullable(),
  archiveBytes: z.number().nullable(),
  isGoing: z.boolean(),
});
/** A leaf as the catalogue has it: positions `from` (included) to `to` (excluded). */
export type LeafRow = z.infer<typeof rowSchema>;

const COLUMNS = `l.from_position AS "from", l.to_position AS "to", l.state, l.rows, l.bytes, l.min_recorded_at AS "minRecordedAt",
  l.max_recorded_at AS "maxRecordedAt", l.archive_file AS "archiveFile", l.archive_sha256 AS "archiveSha256",
  l.archive_bytes AS "archiveBytes", l.drop_began_at IS NOT NULL AS "isGoing"`;

const NAME = (position: string) => `leaf_name(${position})`;

/** The table of the leaf that begins at a position. */
export const leafTable = (from: number): string => `events_${String(from).padStart(15, '0')}`;

/** All leaves that ever were, oldest first. */
export async function selectLeafRows(db: Db): Promise<LeafRow[]> {
  const { rows } = await db.query(`SELECT ${COLUMNS} FROM leaves l ORDER BY l.from_position`);
  return rows.map((row) => rowSchema.parse(row));
}

export async function selectLeafRow(db: Db, from: number): Promise<LeafRow | null> {
  const { rows } = await db.query(`SELECT ${COLUMNS} FROM leaves l WHERE l.from_position = $1`, [
    from,
  ]);
  return rows[0] === undefined ? null : rowSchema.parse(rows[0]);
}

/** Leaves the log has rows of or room for, by their first position; and how many positions a new one gets. */
export async function selectLeaves(db: Db): Promise<{ low: number; high: number }[]> {
  const { rows } = await db.query<{ low: number; high: number }>(
    `SELECT (m[1])::bigint AS low, (m[2])::bigint AS high
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''?(\\d+)''?\\) TO \\(''?(\\d+)''?\\)') AS m
      WHERE i.inhparent = 'events'::regclass AND NOT i.inhdetachpending AND m IS NOT NULL ORDER BY 1`,
  );
  return rows;
}

/** Positions a new leaf gets. */
export async function selectLeafPositions(db: Db): Promise<number> {
  const { rows } = await db.query<{ positions: number }>(
    'SELECT leaf_positions AS positions FROM log_shards WHERE shard = 0',
  );
  return rows[0]?.positions ?? 0;
}

/** Creates the leaf for positions low (included) to high (excluded) when missing. */
export async function addLeaf(db: Db, low: number, high: number): Promise<void> {
  await db.query('SELECT add_leaf($1, $2)', [low, high]);
}

/** To the end of the transaction nobody else attaches or detaches a leaf; appends and reads do not wait for it. */
export async function lockLogShape(tx: Db): Promise<void> {
  await tx.query('LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE');
}

/** One process at a time sees to the leaves. Held by the connection until `unlockUpkeep`; false when somebody has it. */
export async function tryLockUpkeep(client: Db): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_lock($1, $2) AS locked',
    [LOG_LOCK, UPKEEP],
  );
  return rows[0]?.locked === true;
}

export async function unlockUpkeep(client: Db): Promise<void> {
  await client.query('SELECT pg_advisory_unlock($1, $2)', [LOG_LOCK, UPKEEP]);
}

/** The oldest full leaf that is not sealed yet, with the log's tail beyond it. */
export async function selectLeafToSeal(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ from: number }>(
    `SELECT l.from_position AS "from" FROM leaves l
      WHERE l.state = 'hot' AND l.drop_began_at IS NULL
        AND l.to_position <= (SELECT e.position FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1)
      ORDER BY l.from_position LIMIT 1`,
  );
  return rows[0]?.from ?? null;
}

/** Nothing is written to it any more: freezes its rows, so that no later vacuum has to read it again. Its end is not cut off: appends would wait. */
export async function freezeLeaf(db: Db, from: number): Promise<void> {
  await db.query(`VACUUM (FREEZE, ANALYZE, TRUNCATE false) ${leafTable(from)}`);
}

export async function markSealed(db: Db, from: number): Promise<void> {
  const table = leafTable(from);
  await db.query(
    `UPDATE leaves SET state = 'sealed', rows = (SELECT count(*) FROM ${table}), bytes = pg_total_relation_size('${table}'),
       min_recorded_at = (SELECT recorded_at FROM ${table} ORDER BY shard, position LIMIT 1),
       max_recorded_at = (SELECT recorded_at FROM ${table} ORDER BY shard DESC, position DESC LIMIT 1), updated_at = now()
     WHERE from_position = $1 AND state = 'hot'`,
    [from],
  );
}

export async function markArchived(
  db: Db,
  from: number,
  file: { readonly name: string; readonly sha256: string; readonly bytes: number },
): Promise<void> {
  await db.query(
    `UPDATE leaves SET state = CASE state WHEN 'sealed' THEN 'archived' ELSE state END,
       archive_file = $2, archive_sha256 = $3, archive_bytes = $4, updated_at = now() WHERE from_position = $1`,
    [from, file.name, file.sha256, file.bytes],
  );
}

/**
 * The oldest leaf whose every event is below the low marks and that nothing needs any more: no retry, no replay. Topics of Weir's own
 * (`$`) keep no leaf by themselves. Never the leaf that holds the tail, and none that somebody restored.
 */
export async function selectLeafToDrop(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ from: number; to: number }>(
    `SELECT l.from_position AS "from", l.to_position AS "to" FROM leaves l
      WHERE l.state NOT IN ('dropped') AND l.drop_began_at IS NULL ORDER BY l.from_position LIMIT 1`,
  );
  const oldest = rows[0];
  if (oldest === undefined) return null;
  const checked = await db.query<{ due: boolean }>(
    `SELECT l.state IN ('sealed', 'archived')
        AND EXISTS (SELECT FROM low_marks m WHERE m.low_position >= l.to_position)
        AND l.to_position <= (SELECT e.position FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1)
        AND NOT EXISTS (SELECT FROM retries r WHERE r.position >= l.from_position AND r.position < l.to_position)
        AND NOT EXISTS (SELECT FROM operations o WHERE ${ACTIVE_REPLAY} AND ${REPLAY_NEXT} < l.to_position
                          AND (o.params->>'toPosition')::bigint >= l.from_position)
        AND NOT EXISTS (
          SELECT FROM topics t CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS p(part)
           CROSS JOIN LATERAL (SELECT e."offset" FROM ${leafTable(oldest.from)} e
              WHERE e.topic_id = t.id AND e."partition" = p.part ORDER BY e."offset" DESC LIMIT 1) newest
           WHERE t.name NOT LIKE '$%' AND newest."offset" >= coalesce((SELECT m.low_offset FROM low_marks m
              WHERE m.topic_id = t.id AND m."partition" = p.part), 0)) AS due
       FROM leaves l WHERE l.from_position = $1`,
    [oldest.from],
  );
  return checked.rows[0]?.due === true ? oldest.from : null;
}

const ACTIVE_REPLAY = `o.kind = 'replay' AND o.state IN ('planned', 'running', 'paused')`;
/** Where a replay goes on: behind what it has stored, or at its beginning. */
const REPLAY_NEXT = `coalesce(o.position + 1, (o.params->>'fromPosition')::bigint)`;

/** The lowest position a replay that has not ended still needs; null when none runs. */
export async function selectOldestReplayed(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ position: number | null }>(
    `SELECT min(${REPLAY_NEXT}) AS position FROM operations o WHERE ${ACTIVE_REPLAY}`,
  );
  return rows[0]?.position ?? null;
}

/**
 * From here on the leaf is not the log's: its positions are never given again, what it held of Weir's own topics is gone with it, and
 * the ids in it are not looked for any more.
 */
export async function beginDrop(tx: Db, from: number): Promise<void> {
  await tx.query(
    'UPDATE leaves SET drop_began_at = now(), updated_at = now() WHERE from_position = $1',
    [from],
  );
  await tx.query(
    `UPDATE log_shards s SET base_position = greatest(s.base_position, l.to_position - 1),
       dedupe_from = greatest(s.dedupe_from, l.to_position - 1) FROM leaves l WHERE s.shard = 0 AND l.from_position = $1`,
    [from],
  );
}

/** What the table of a leaf is now: part of the log, on its way out of it, beside it, or nothing. */
export async function selectLeafTable(
  db: Db,
  from: number,
): Promise<'attached' | 'detaching' | 'detached' | 'missing'> {
  const { rows } = await db.query<{ pending: boolean | null; exists: boolean }>(
    `SELECT (SELECT i.inhdetachpending FROM pg_inherits i WHERE i.inhparent = 'events'::regclass
               AND i.inhrelid = to_regclass(${NAME('$1')})) AS pending, to_regclass(${NAME('$1')}) IS NOT NULL AS "exists"`,
    [from],
  );
  const found = rows[0];
  if (found?.exists !== true) return 'missing';
  if (found.pending === null) return 'detached';
  return found.pending ? 'detaching' : 'attached';
}

/** Cannot run in a transaction. Waits for those who read the log now, and nobody waits for it. */
export async function detachLeaf(client: Db, from: number): Promise<void> {
  await client.query(`ALTER TABLE events DETACH PARTITION ${leafTable(from)} CONCURRENTLY`);
}

/** Ends a detach that was cut off. */
export async function finalizeDetach(client: Db, from: number): Promise<void> {
  await client.query(`ALTER TABLE events DETACH PARTITION ${leafTable(from)} FINALIZE`);
}

export async function dropLeafTable(client: Db, from: number): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${leafTable(from)}`);
}

export async function markDropped(db: Db, from: number): Promise<void> {
  await db.query(
    `UPDATE leaves SET state = 'dropped', drop_began_at = NULL, updated_at = now() WHERE from_position = $1`,
    [from],
  );
}

/** A table like the log's, beside it, without indexes; for rows that come back. Within the caller's transaction. */
export async function createLeafTable(tx: Db, from: number, to: number): Promise<void> {
  const table = leafTable(from);
  await tx.query(
    `CREATE TABLE ${table} (LIKE events INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION,
       CONSTRAINT ${table}_bounds CHECK (position >= ${from} AND position < ${to}))`,
  );
}

/** Gives it all the indexes that the log has, so that attaching it builds none. */
export async function indexLeaf(tx: Db, from: number): Promise<void> {
  await tx.query('SELECT index_leaf(leaf_name($1))', [from]);
}

/**
 * It becomes part of the log again, which reads no row of it: its constraint says what the bounds say. Ids in it are looked for again, when
 * those after it are.
 */
export async function attachLeaf(tx: Db, from: number, to: number): Promise<void> {
  await tx.query(
    `ALTER TABLE events ATTACH PARTITION ${leafTable(from)} FOR VALUES FROM (${from}) TO (${to})`,
  );
  await tx.query(
    'UPDATE log_shards SET dedupe_from = $1 - 1 WHERE shard = 0 AND dedupe_from = $2 - 1',
    [from, to],
  );
  await tx.query(
    `UPDATE leaves SET state = 'restored', drop_began_at = NULL, updated_at = now() WHERE from_position = $1`,
    [from],
  );
}

/** What still needs events of a leaf. */
export async function countNeeds(
  db: Db,
  leaf: { readonly from: number; readonly to: number },
): Promise<{ readonly retries: number; readonly replays: number }> {
  const { rows } = await db.query<{ retries: number; replays: number }>(
    `SELECT (SELECT count(*) FROM retries r WHERE r.position >= $1 AND r.position < $2) AS retries,
            (SELECT count(*) FROM operations o WHERE ${ACTIVE_REPLAY} AND ${REPLAY_NEXT} < $2
                AND (o.params->>'toPosition')::bigint >= $1) AS replays`,
    [leaf.from, leaf.to],
  );
  return rows[0] ?? { retries: 0, replays: 0 };
}
