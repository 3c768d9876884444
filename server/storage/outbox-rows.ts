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
