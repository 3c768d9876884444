import { z } from 'zod';
import {
  type SubscriptionSettings,
  subscriptionSettingsSchema,
  subscriptionStateSchema,
} from '#contracts/subscription.ts';
import { type Db } from './database.ts';

const storedBreakerSchema = z.object({
  state: z.enum(['closed', 'open', 'half-open']).default('closed'),
  sinceMs: z.number().default(0),
  held: z.boolean().default(false),
});
export type StoredBreaker = z.infer<typeof storedBreakerSchema>;

const rowSchema = z.object({
  id: z.number(),
  name: z.string(),
  settings: subscriptionSettingsSchema,
  state: subscriptionStateSchema,
  scenario: z.string().nullable(),
  handlerVersion: z.string().nullable(),
  breaker: storedBreakerSchema,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type SubscriptionRow = z.infer<typeof rowSchema>;

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const COLUMNS = `id, name, settings, state, scenario, handler_version AS "handlerVersion", breaker,
  to_char(created_at, ${ISO}) AS "createdAt", to_char(updated_at, ${ISO}) AS "updatedAt"`;

const parseRow = (row: unknown): SubscriptionRow => rowSchema.parse(row);

export async function selectSubscriptions(db: Db): Promise<SubscriptionRow[]> {
  const result = await db.query(`SELECT ${COLUMNS} FROM subscriptions ORDER BY name`);
  return result.rows.map(parseRow);
}

/** Null when the name is taken. */
export async function insertSubscription(
  tx: Db,
  row: {
    readonly name: string;
    readonly settings: SubscriptionSettings;
    readonly scenario: string | null;
    readonly handlerVersion: string | null;
    readonly breaker: StoredBreaker;
  },
): Promise<SubscriptionRow | null> {
  const result = await tx.query(
    `INSERT INTO subscriptions (name, settings, scenario, handler_version, breaker) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
    [row.name, JSON.stringify(row.settings), row.scenario, row.handlerVersion, row.breaker],
  );
  return result.rows.length === 0 ? null : parseRow(result.rows[0]);
}

export async function updateSubscription(
  tx: Db,
  id: number,
  change: {
    readonly settings: SubscriptionSettings;
    readonly scenario: string | null;
    readonly handlerVersion: string | null;
  },
): Promise<SubscriptionRow> {
  const result = await tx.query(
    `UPDATE subscriptions SET settings = $2, scenario = $3, handler_version = $4, updated_at = now()
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, JSON.stringify(change.settings), change.scenario, change.handlerVersion],
  );
  return parseRow(result.rows[0]);
}

export async function updateSubscriptionState(
  tx: Db,
  id: number,
  state: SubscriptionRow['state'],
): Promise<SubscriptionRow> {
  const result = await tx.query(
    `UPDATE subscriptions SET state = $2, updated_at = now() WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, state],
  );
  return parseRow(result.rows[0]);
}

export async function updateSubscriptionBreaker(
  tx: Db,
  id: number,
  breaker: StoredBreaker,
): Promise<void> {
  await tx.query('UPDATE subscriptions SET breaker = $2 WHERE id = $1', [id, breaker]);
}

/** With everything of it: offsets, retries, attempts, letters and samples. */
export async function deleteSubscription(tx: Db, id: number): Promise<void> {
  await tx.query('DELETE FROM subscriptions WHERE id = $1', [id]);
}
