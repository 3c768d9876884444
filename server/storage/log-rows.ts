import { type Db } from './database.ts';
import { EVENT_COLUMNS, type EventRow } from './event-columns.ts';
import { isLeft } from './low-mark-rows.ts';

/** Payload bytes of the events before this one in the read; the first event is always read, however large. */
const BYTES_BEFORE = `coalesce(sum(coalesce(octet_length(x.data::text), 0) + coalesce(octet_length(x.data_binary), 0))`;

/**
 * Events after a position, in order, at most `limit` and about `maxBytes` of payload; none only when there is none. Fewer than `limit` may
 * come although more follow: retention leaves gaps. All that exist, or those that retention has left.
 */
export async function selectEventsAfter(
  db: Db,
  position: number,
  bound: { readonly limit: number; readonly maxBytes: number; readonly leftOnly?: boolean },
): Promise<EventRow[]> {
  const rows = await selectPageAfter(db, position, bound);
  if (rows.length > 0) return rows;
  const next = await selectNextPosition(db, position, bound.leftOnly === true);
  return next === null ? [] : selectPageAfter(db, next - 1, bound);
}

// Bounded on both sides: without statistics (a fresh leaf has none) the planner takes an open range to be small, and would read and sort
// all that follows for each page.
async function selectPageAfter(
  db: Db,
  position: number,
  bound: { readonly limit: number; readonly maxBytes: number; readonly leftOnly?: boolean },
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>({
    name: bound.leftOnly === true ? 'events_left_after' : 'events_after',
    text: `SELECT ${EVENT_COLUMNS} FROM (
             SELECT x.*, ${BYTES_BEFORE} OVER (ORDER BY x.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
               FROM events x WHERE x.shard = 0 AND x.position > $1::bigint AND x.position <= $1::bigint + $2::integer
                ${bound.leftOnly === true ? `AND ${isLeft('x')}` : ''}) e
            WHERE e.bytes_before < $3 ORDER BY e.position`,
    values: [position, bound.limit, bound.maxBytes],
  });
  return rows;
}

async function selectNextPosition(
  db: Db,
  after: number,
  leftOnly: boolean,
): Promise<number | null> {
  const { rows } = await db.query<{ position: number }>({
    name: leftOnly ? 'next_left_position' : 'next_position',
    text: `SELECT e.position FROM events e WHERE e.shard = 0 AND e.position > $1 ${leftOnly ? `AND ${isLeft('e')}` : ''}
            ORDER BY e.position LIMIT 1`,
    values: [after],
  });
  return rows[0]?.position ?? null;
}

type Cursor = {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
};

/**
 * Per cursor at most `limit` events and about `maxBytes` of payload from its offset on, in order; none only when there is none. Fewer may
 * come although more follow. The position bound prunes leaves.
 */
export async function selectPartitions(
  db: Db,
  cursors: readonly Cursor[],
  bound: { readonly limit: number; readonly maxBytes: number },
): Promise<EventRow[]> {
  const rows = await selectPages(db, cursors, bound);
  const found = new Set(rows.map((row) => `${row.topic_id}:${row.partition}`));
  const beforeGap = cursors.filter((one) => !found.has(`${one.topicId}:${one.partition}`));
  if (beforeGap.length > 0) {
    const next = await selectNextOffsets(db, beforeGap);
    if (next.length > 0) rows.push(...(await selectPages(db, next, bound)));
  }
  return rows.toSorted(byPartitionAndOffset);
}

// Bounded on both sides for the reason that selectPageAfter is. The rows come cursor by cursor and in order; Postgres does not promise it, and
// would copy all of them once more to make sure.
async function selectPages(
  db: Db,
  cursors: readonly Cursor[],
  bound: { readonly limit: number; readonly maxBytes: number },
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>({
    name: 'events_of_partitions',
    text: `SELECT ${EVENT_COLUMNS}
             FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) AS c(topic_id, part, next_offset, from_position)
            CROSS JOIN LATERAL (
              SELECT x.*, ${BYTES_BEFORE} OVER (ORDER BY x."offset" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
                FROM events x
               WHERE x.topic_id = c.topic_id AND x."partition" = c.part AND x.position >= c.from_position
                 AND x."offset" >= c.next_offset AND x."offset" < c.next_offset + $5::integer) e
            WHERE e.bytes_before < $6`,
    values: [...arraysOf(cursors), bound.limit, bound.maxBytes],
  });
  return rows;
}

/** The cursors at the first event that is there; those without one are left out. */
async function selectNextOffsets(db: Db, cursors: readonly Cursor[]): Promise<Cursor[]> {
  const { rows } = await db.query<Cursor>({
    name: 'next_offsets',
    text: `SELECT c.topic_id AS "topicId", c.part AS "partition", e."offset", e.position
             FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) AS c(topic_id, part, next_offset, from_position)
            CROSS JOIN LATERAL (
              SELECT x."offset", x.position FROM events x
               WHERE x.topic_id = c.topic_id AND x."partition" = c.part AND x."offset" >= c.next_offset AND x.position >= c.from_position
               ORDER BY x."offset" LIMIT 1) e`,
    values: arraysOf(cursors),
  });
  return rows;
}

const arraysOf = (cursors: readonly Cursor[]): number[][] => [
  cursors.map((cursor) => cursor.topicId),
  cursors.map((cursor) => cursor.partition),
  cursors.map((cursor) => cursor.offset),
  cursors.map((cursor) => cursor.position),
];

const byPartitionAndOffset = (a: EventRow, b: EventRow): number =>
  a.topic_id - b.topic_id || a.partition - b.partition || a.offset - b.offset;

export async function selectEventsAt(db: Db, positions: readonly number[]): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>({
    name: 'events_at',
    text: `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.shard = 0 AND e.position = ANY($1::bigint[]) ORDER BY e.position`,
    values: [positions],
  });
  return rows;
}

export async function selectTail(db: Db): Promise<number> {
  const { rows } = await db.query<{ tail: number }>(
    `SELECT coalesce((SELECT e.position FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1),
                     (SELECT s.base_position FROM log_shards s WHERE s.shard = 0), 0)::bigint AS tail`,
  );
  return rows[0]?.tail ?? 0;
}

/** The next offset of every partition of every topic. */
export async function selectHeads(
  db: Db,
): Promise<{ topicId: number; partition: number; next: number }[]> {
  const { rows } = await db.query<{ topicId: number; partition: number; next: number }>(
    `SELECT t.id AS "topicId", p.part AS "partition",
            coalesce((SELECT e."offset" + 1 FROM events e WHERE e.topic_id = t.id AND e."partition" = p.part
                       ORDER BY e."offset" DESC LIMIT 1),
                     (SELECT m.low_offset FROM low_marks m WHERE m.topic_id = t.id AND m."partition" = p.part), 0)::bigint AS next
       FROM topics t CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS p(part)`,
  );
  return rows;
}
