import { type Db } from './database.ts';
import { EVENT_COLUMNS, type EventRow } from './event-columns.ts';
import { IS_LEFT } from './low-mark-rows.ts';

/** Events of one correlation, oldest first. */
export async function selectEventsByCorrelation(
  db: Db,
  correlationId: string,
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>({
    name: 'events_by_correlation',
    text: `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.correlation_id = $1 AND ${IS_LEFT} ORDER BY e.position LIMIT $2`,
    values: [correlationId, limit],
  });
  return rows;
}

/** Events by id, oldest first; several may share an id when their sources differ. */
export async function selectEventsByIds(
  db: Db,
  ids: readonly string[],
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.event_id = ANY($1::text[]) AND ${IS_LEFT} ORDER BY e.event_id, e.position LIMIT $2`,
    [ids, limit],
  );
  return rows;
}

/** Events in a window of positions that name one of the causes. */
export async function selectEffects(
  db: Db,
  query: {
    readonly causes: readonly string[];
    readonly low: number;
    readonly high: number;
    readonly limit: number;
  },
): Promise<EventRow[]> {
  const { rows } = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events e
      WHERE e.shard = 0 AND e.position BETWEEN $1 AND $2 AND e.causation_id = ANY($3::text[]) AND ${IS_LEFT}
      ORDER BY e.position LIMIT $4`,
    [query.low, query.high, query.causes, query.limit],
  );
  return rows;
}
