import { randomUUID } from 'node:crypto';
import { type ControlDb, type Db } from './database.ts';

/** A CloudEvents envelope (with `data`) waiting to be moved to the log. */
export type OutboxRow = {
  readonly topic: string;
  readonly streamId: string | null;
  readonly event: Readonly<Record<string, unknown>>;
};

/** Inside a `pg` transaction: stored if and only if the transaction commits. Wake the relay after the commit. */
export async function insertOutbox(tx: Db, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO outbox (topic, stream_id, event)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[]::json[])`,
    [
      rows.map((row) => row.topic),
      rows.map((row) => row.streamId),
      rows.map((row) => JSON.stringify({ id: randomUUID(), ...row.event })),
    ],
  );
}

/** The same inside a Prisma transaction. */
export async function insertOutboxByPrisma(
  tx: ControlDb,
  rows: readonly OutboxRow[],
): Promise<void> {
  for (const row of rows) {
    const event = JSON.stringify({ id: randomUUID(), ...row.event });
    await tx.$executeRaw`INSERT INTO outbox (topic, stream_id, event) VALUES (${row.topic}, ${row.streamId}, ${event}::json)`;
  }
}

export type StoredOutboxRow = {
  readonly id: number;
  readonly topic: string;
  readonly stream_id: string | null;
  /** The envelope as JSON text. */
  readonly event: string;
};

/** The oldest rows, in the order they were written. */
export async function selectOutbox(db: Db, limit: number): Promise<StoredOutboxRow[]> {
  const { rows } = await db.query<StoredOutboxRow>(
    'SELECT id, topic, stream_id, event FROM outbox ORDER BY id LIMIT $1',
    [limit],
  );
  return rows;
}

export async function deleteOutbox(db: Db, ids: readonly number[]): Promise<void> {
  await db.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [ids]);
}
