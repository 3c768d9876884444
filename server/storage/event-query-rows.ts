import { type Db } from './database.ts';
import { EVENT_COLUMNS, type EventRow } from './event-columns.ts';
import {
  type EventConditions,
  eventConditionsSql,
  type JsonCheck,
  SqlParameters,
} from './event-filter-sql.ts';
import { IS_LEFT } from './low-mark-rows.ts';

export type Direction = 'forward' | 'backward';

/** Positions `low` to `high`, both included. */
export type PositionRange = { readonly low: number; readonly high: number };

/** Matches in a window of the log in the order of positions. The primary key bounds the work to the window. */
export async function selectMatches(
  db: Db,
  conditions: EventConditions,
  window: PositionRange & { readonly direction: Direction; readonly limit: number },
): Promise<EventRow[]> {
  return withJsonFallback(conditions, async (jsonCheck) => {
    const parameters = new SqlParameters();
    const where = [...rangeSql(window, parameters)];
    where.push(...eventConditionsSql(conditions, parameters, jsonCheck));
    const matches = `SELECT * FROM events e WHERE ${where.join(' AND ')}`;
    // Times are indexed by ranges of blocks. The planner uses that only when it need not keep the order of positions.
    const fence =
      conditions.after === undefined && conditions.before === undefined ? '' : 'OFFSET 0';
    const { rows } = await db.query<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM (${matches} ${fence}) e
        ORDER BY ${orderColumn(conditions)} ${window.direction === 'forward' ? 'ASC' : 'DESC'}
        LIMIT ${parameters.add(window.limit)}`,
      parameters.values,
    );
    return rows;
  });
}

/** Within a stream versions grow with positions; ordering by them makes the planner walk the stream's index, not the log. */
const orderColumn = (conditions: EventConditions): string =>
  conditions.stream === undefined ? 'e.position' : 'e.stream_version';

/** True when `selectMatches` walks an index that holds little but matches, so that one window may span the whole log. */
export const isIndexed = (conditions: EventConditions): boolean =>
  conditions.stream !== undefined || conditions.correlationId !== undefined;

export type TypeCount = {
  readonly type: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
};

/** Exact counts per type in a window. */
export async function countMatchesByType(
  db: Db,
  conditions: EventConditions,
  window: PositionRange,
): Promise<TypeCount[]> {
  return withJsonFallback(conditions, async (jsonCheck) => {
    const parameters = new SqlParameters();
    const where = [...rangeSql(window, parameters)];
    where.push(...eventConditionsSql(conditions, parameters, jsonCheck));
    const { rows } = await db.query<TypeCount>(
      `SELECT e.type, count(*) AS count, min(e.recorded_at) AS oldest, max(e.recorded_at) AS newest
         FROM events e WHERE ${where.join(' AND ')} GROUP BY e.type`,
      parameters.values,
    );
    return rows;
  });
}

function rangeSql(range: PositionRange, parameters: SqlParameters): string[] {
  return [
    'e.shard = 0',
    IS_LEFT,
    `e.position >= ${parameters.add(range.low)}`,
    `e.position <= ${parameters.add(range.high)}`,
  ];
}

/** Postgres error classes 22 (data exception): some payload could not become jsonb. */
async function withJsonFallback<Result>(
  conditions: EventConditions,
  read: (jsonCheck: JsonCheck) => Promise<Result>,
): Promise<Result> {
  try {
    return await read('trusted');
  } catch (error) {
    if (conditions.where === undefined || !sqlState(error).startsWith('22')) throw error;
    return read('checked');
  }
}

/** The five characters Postgres gives an error; empty for errors that are not Postgres's. */
export const sqlState = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Whether Postgres reads the text as an SQL/JSON path. */
export async function isJsonPath(db: Db, text: string): Promise<boolean> {
  try {
    await db.query('SELECT $1::jsonpath', [text]);
    return true;
  } catch (error) {
    // 22: does not parse or has a bad regular expression; 42: syntax; 0A: a feature Postgres leaves out.
    if (/^(22|42|0A)/.test(sqlState(error))) return false;
    throw error;
  }
}

/** The oldest position that still exists; null when the log is empty. */
export async function selectFirstPosition(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ position: number }>({
    name: 'first_position',
    text: 'SELECT e.position FROM events e WHERE e.shard = 0 ORDER BY e.position LIMIT 1',
  });
  return rows[0]?.position ?? null;
}

/** When the first existing event at or after a position was recorded, and whether that is before `time`. */
export async function selectRecordedBefore(
  db: Db,
  position: number,
  time: string,
): Promise<{ position: number; earlier: boolean } | null> {
  const { rows } = await db.query<{ position: number; earlier: boolean }>({
    name: 'recorded_before',
    text: `SELECT e.position, e.recorded_at < $2::timestamptz AS earlier FROM events e
            WHERE e.shard = 0 AND e.position >= $1 ORDER BY e.position LIMIT 1`,
    values: [position, time],
  });
  return rows[0] ?? null;
}

/** Events with this id, newest first. Ids are unique per source and leaf, so there are few. */
export async function selectEventsById(
  db: Db,
  id: string,
  source: string | undefined,
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>({
    name: 'events_by_id',
    text: `SELECT ${EVENT_COLUMNS} FROM events e
            WHERE e.event_id = $1 AND ($2::text IS NULL OR e.source = $2) AND ${IS_LEFT}
            ORDER BY e.event_id, e.position DESC LIMIT $3`,
    values: [id, source ?? null, limit],
  });
  return rows;
}
