import { z } from 'zod';
import { faultSchema } from '#contracts/scenario.ts';
import { type ControlDb } from './database.ts';

const rowSchema = z.object({
  name: z.string(),
  state: z.enum(['running', 'stopped']),
  ratePerSecond: z.number(),
  faults: z.record(z.string(), faultSchema),
  published: z.bigint().transform(Number),
  startedAt: z
    .date()
    .transform((instant) => instant.toISOString())
    .nullable(),
});
export type ScenarioRow = z.infer<typeof rowSchema>;

/** Only scenarios that were ever started or set. */
export async function selectScenarios(db: ControlDb): Promise<ScenarioRow[]> {
  const rows = await db.scenario.findMany({ orderBy: { name: 'asc' } });
  return rows.map((row) => rowSchema.parse(row));
}

/** Stores state and settings; the count of what was published stays. A scenario that begins to run is stamped with `now`. */
export async function upsertScenario(
  tx: ControlDb,
  row: Pick<ScenarioRow, 'name' | 'state' | 'ratePerSecond' | 'faults'>,
  now: Date,
): Promise<ScenarioRow> {
  const before = await tx.scenario.findUnique({ where: { name: row.name } });
  const begins = row.state === 'running' && before?.state !== 'running';
  const { name, ...settings } = row;
  const values = { ...settings, updatedAt: now, ...(begins ? { startedAt: now } : {}) };
  const stored = await tx.scenario.upsert({
    where: { name },
    create: { name, ...values },
    update: values,
  });
  return rowSchema.parse(stored);
}

export async function addScenarioPublished(
  db: ControlDb,
  name: string,
  count: number,
): Promise<void> {
  await db.scenario.updateMany({ where: { name }, data: { published: { increment: count } } });
}
