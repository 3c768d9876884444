import { type Database, type Db, withTransaction } from '#server/storage/database.ts';
import { connectAgain, type TestDatabase } from '../test-database.ts';
import {
  type DriverEvent,
  type LogClient,
  type LogCursor,
  type LoggedEvent,
  type LogRead,
  type TransactionPauses,
  VersionConflict,
} from './log-driver.ts';

/** How readers of the table find what is new; see the drivers for what is wrong with each. */
export type TableOrder = {
  /** Condition on `e` of what follows the cursor ($1 position, $2 xid). */
  readonly follows: string;
  readonly orderBy: string;
};

const STREAM_LIMIT = 1_000_000;

/** One table, one row per event, as many a store begins. */
export async function openTableLog(kit: TestDatabase, order: TableOrder): Promise<LogClient> {
  const own = connectAgain(kit);
  await own.database.pool.query(`
    CREATE TABLE IF NOT EXISTS driver_audit (note text NOT NULL);
    CREATE TABLE IF NOT EXISTS driver_events (
      position bigserial PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(), id text NOT NULL, key text NOT NULL,
      sequence bigint NOT NULL, stream text, version bigint, UNIQUE (stream, version))`);
  const { pool } = own.database;
  const find = (condition: string, values: readonly unknown[], limit: number) =>
    select(own.database, { condition, values, limit, orderBy: order.orderBy });
  const readAfter = async (cursor: LogCursor, limit: number): Promise<LogRead> => {
    const rows = await find(order.follows, [cursor.position, cursor.xid], limit);
    const last = rows.at(-1);
    return { events: rows, cursor: last ?? cursor };
  };
  const transact = (events: readonly DriverEvent[], pauses: TransactionPauses = {}) =>
    withTransaction(pool, async (tx) => {
      await tx.query(`INSERT INTO driver_audit VALUES ('wrote')`);
      await pauses.afterFirstWrite?.();
      await insert(tx, events);
      await pauses.beforeCommit?.();
    });
  return {
    append: (events) => insert(pool, events),
    transact,
    appendTo: (stream, expectedVersion, event) =>
      withTransaction(pool, (tx) => checkThenInsert(tx, { stream, expectedVersion, event })),
    readAfter,
    readStored: readAfter,
    readKey: (key) => find('e.key = $1', [key], STREAM_LIMIT),
    readStream: (stream) => find('e.stream = $1', [stream], STREAM_LIMIT),
    close: () => own.drop(),
  };
}

async function insert(db: Db, events: readonly DriverEvent[]): Promise<void> {
  await db.query(
    `INSERT INTO driver_events (id, key, sequence) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])`,
    [
      events.map(({ id }) => id),
      events.map(({ key }) => key),
      events.map(({ sequence }) => sequence),
    ],
  );
}

/** Two that check at once both find the version they expect; the one whose row is then left out is told that it was stored. */
async function checkThenInsert(
  tx: Db,
  append: {
    readonly stream: string;
    readonly expectedVersion: number;
    readonly event: DriverEvent;
  },
): Promise<void> {
  const { stream, expectedVersion, event } = append;
  const { rows } = await tx.query<{ version: number }>(
    'SELECT coalesce(max(version), 0)::bigint AS version FROM driver_events WHERE stream = $1',
    [stream],
  );
  const version = rows[0]?.version ?? 0;
  if (version !== expectedVersion) throw new VersionConflict(version);
  await tx.query(
    `INSERT INTO driver_events (id, key, sequence, stream, version) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [event.id, event.key, event.sequence, stream, version + 1],
  );
}

async function select(
  { pool }: Database,
  query: {
    readonly condition: string;
    readonly values: readonly unknown[];
    readonly limit: number;
    readonly orderBy: string;
  },
): Promise<(LoggedEvent & { readonly xid: string })[]> {
  const { condition, values, limit, orderBy } = query;
  const { rows } = await pool.query<LoggedEvent & { xid: string }>(
    `SELECT e.position, e.xid::text, e.id, e.key, e.sequence FROM driver_events e
      WHERE ${condition} ORDER BY ${orderBy} LIMIT ${limit}`,
    [...values],
  );
  return rows;
}
