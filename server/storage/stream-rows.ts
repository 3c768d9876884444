import { type Db } from './database.ts';
import { EVENT_COLUMNS, type EventRow } from './event-columns.ts';
import { SqlParameters } from './event-filter-sql.ts';
import { IS_LEFT } from './low-mark-rows.ts';

export type StreamRow = {
  readonly streamId: string;
  readonly version: number;
  readonly lastPosition: number;
};

const STREAM_COLUMNS = 'h.stream_id AS "streamId", h.version, h.position AS "lastPosition"';

/** The head of a stream; null when nothing was ever appended to it. */
export async function selectStream(db: Db, streamId: string): Promise<StreamRow | null> {
  const { rows } = await db.query<StreamRow>({
    name: 'stream_head',
    // There is one row; whoever looks from the newest generation on walks past none of the dead ones.
    text: `SELECT ${STREAM_COLUMNS} FROM stream_heads h WHERE h.stream_id = $1 AND h.version > 0
            ORDER BY h.generation DESC LIMIT 1`,
    values: [streamId],
  });
  return rows[0] ?? null;
}

/** Streams in the order of their ids, after `afterId`. */
export async function selectStreams(
  db: Db,
  query: {
    readonly category?: string | undefined;
    readonly prefix?: string | undefined;
    readonly afterId?: string | undefined;
    readonly limit: number;
  },
): Promise<StreamRow[]> {
  const parameters = new SqlParameters();
  const where = ['h.version > 0'];
  if (query.category !== undefined) {
    const category = parameters.add(query.category);
    // All of a category lies between its name and the name with the character that follows `-`.
    where.push(`h.stream_id >= ${category}`, `h.stream_id < ${category} || '.'`);
    where.push(`split_part(h.stream_id, '-', 1) = ${category}`);
  }
  if (query.prefix !== undefined) {
    const prefix = parameters.add(query.prefix);
    where.push(`h.stream_id >= ${prefix}`, `starts_with(h.stream_id, ${prefix})`);
  }
  if (query.afterId !== undefined) where.push(`h.stream_id > ${parameters.add(query.afterId)}`);
  const { rows } = await db.query<StreamRow>(
    `SELECT ${STREAM_COLUMNS} FROM stream_heads h WHERE ${where.join(' AND ')}
      ORDER BY h.stream_id LIMIT ${parameters.add(query.limit)}`,
    parameters.values,
  );
  return rows;
}

/** As of a business time (null bounds nothing) and a position: at most that of the stream's head, above which no leaf is opened. */
export type AsOf = { readonly time: string | null; readonly position: number };

const AS_OF = `($2::timestamptz IS NULL OR e.time <= $2::timestamptz) AND e.position <= $3::bigint`;

/** Events of a stream from a version on (included), in the order of versions. */
export async function selectStreamEvents(
  db: Db,
  streamId: string,
  query: {
    readonly asOf: AsOf;
    readonly fromVersion: number;
    readonly direction: 'forward' | 'backward';
    readonly limit: number;
  },
): Promise<EventRow[]> {
  const forward = query.direction === 'forward';
  const { rows } = await db.query<EventRow>({
    name: `stream_events_${query.direction}`,
    text: `SELECT ${EVENT_COLUMNS} FROM events e
            WHERE e.stream_id = $1 AND ${AS_OF} AND e.stream_version ${forward ? '>=' : '<='} $4 AND ${IS_LEFT}
            ORDER BY e.stream_version ${forward ? 'ASC' : 'DESC'} LIMIT $5`,
    values: [streamId, query.asOf.time, query.asOf.position, query.fromVersion, query.limit],
  });
  return rows;
}

/** At most `limit` events of a stream behind a version. */
export function selectStreamAfter(
  db: Db,
  streamId: string,
  range: { readonly after: number; readonly limit: number },
): Promise<EventRow[]> {
  return selectStreamEvents(db, streamId, {
    asOf: { time: null, position: Number.MAX_SAFE_INTEGER },
    fromVersion: range.after + 1,
    direction: 'forward',
    limit: range.limit,
  });
}

/** The highest version of a stream as of then; 0 when it had no event. */
export async function selectStreamVersion(db: Db, streamId: string, asOf: AsOf): Promise<number> {
  const { rows } = await db.query<{ version: number }>({
    name: 'stream_version_as_of',
    text: `SELECT e.stream_version AS version FROM events e WHERE e.stream_id = $1 AND ${AS_OF}
            ORDER BY e.stream_version DESC LIMIT 1`,
    values: [streamId, asOf.time, asOf.position],
  });
  return rows[0]?.version ?? 0;
}
