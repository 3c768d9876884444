import { type Database } from '#server/storage/database.ts';

export type DiskUse = {
  /** Of the whole database beyond what it weighed when empty, for each event. */
  readonly bytesPerEvent: number;
  readonly heapBytesPerEvent: number;
  readonly indexBytesPerEvent: number;
};

export async function databaseBytes(database: Pick<Database, 'pool'>): Promise<number> {
  const { rows } = await database.pool.query<{ bytes: number }>(
    'SELECT pg_database_size(current_database()) AS bytes',
  );
  return rows[0]?.bytes ?? Number.NaN;
}

/** What the log weighs on disk, catalogue excluded. */
export async function measureDisk(
  database: Pick<Database, 'pool'>,
  { events, emptyBytes }: { readonly events: number; readonly emptyBytes: number },
): Promise<DiskUse> {
  const { rows } = await database.pool.query<{ heap: number; indexes: number }>(
    `SELECT sum(pg_table_size(i.inhrelid))::bigint AS heap, sum(pg_indexes_size(i.inhrelid))::bigint AS indexes
       FROM pg_inherits i WHERE i.inhparent = 'events'::regclass`,
  );
  const each = (bytes: number) => Math.round(bytes / events);
  return {
    bytesPerEvent: each((await databaseBytes(database)) - emptyBytes),
    heapBytesPerEvent: each(rows[0]?.heap ?? Number.NaN),
    indexBytesPerEvent: each(rows[0]?.indexes ?? Number.NaN),
  };
}
