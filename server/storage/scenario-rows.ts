import { z } from 'zod';
import { faultSchema } from '#contracts/scenario.ts';
import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

const rowSchema = z.object({
  name: z.string(),
  state: z.enum(['running', 'stopped']),
  ratePerSecond: z.number(),
  faults: z.record(z.string(), faultSchema),
  published: z.number(),
  startedAt: z.string().transform(isoFromPg).nullable(),
});
export type ScenarioRow = z.infer<typeof rowSchema>;

const COLUMNS = `name, state, rate_per_second AS "ratePerSecond", faults, published, started_at AS "startedAt"`;

/** Only scenarios that were ever started or set. */
export async function selectScenarios(db: Db): Promise<ScenarioRow[]> {
  const result = await db.query(`SELECT ${COLUMNS} FROM scenarios ORDER BY name`);
  return result.rows.map((row) => rowSchema.parse(row));
}

/** Stores state and settings; the count of what was published stays. A scenario that begins to run is stamped. */
export async function upsertScenario(
  tx: Db,
  row: Pick<ScenarioRow, 'name' | 'state' | 'ratePerSecond' | 'faults'>,
): Promise<ScenarioRow> {
  const result = await tx.query(
    `INSERT INTO scenarios AS s (name, state, rate_per_second, faults, started_at)
     VALUES ($1, $2, $3, $4, CASE WHEN $2 = 'running' THEN now() END)
     ON CONFLICT (name) DO UPDATE SET state = excluded.state, rate_per_second = excluded.rate_per_second,
       faults = excluded.faults, updated_at = now(),
       started_at = CASE WHEN excluded.state = 'running' AND s.state <> 'running' THEN now() ELSE s.started_at END
     RETURNING ${COLUMNS}`,
    [row.name, row.state, row.ratePerSecond, JSON.stringify(row.faults)],
  );
  return rowSchema.parse(result.rows[0]);
}

export async function addScenarioPublished(db: Db, name: string, count: number): Promise<void> {
  await db.query('UPDATE scenarios SET published = published + $2 WHERE name = $1', [name, count]);
}
