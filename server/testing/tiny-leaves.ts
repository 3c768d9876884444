import { type Database } from '#server/storage/database.ts';

/** Before anything is written: the leaves the migrations made give way to leaves of so many positions, added as the log starts. */
export async function makeLeavesTiny({ pool }: Database, positions: number): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass`,
  );
  for (const { name } of rows) await pool.query(`DROP TABLE ${name}`);
  await pool.query('DELETE FROM leaves');
  await pool.query('UPDATE log_shards SET leaf_positions = $1', [positions]);
}
