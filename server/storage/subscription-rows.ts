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
  /** Wall time of when a person set it the last time. */
  forcedMs: z.number().default(0),
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
  /** Raised by every change. */
  revision: z.number(),
  isHeld: z.boolean(),
  /** When the last hold ends or ended; another one each time. 0: there was none. */
  heldUntilMs: z.number(),
});
export type SubscriptionRow = z.infer<typeof rowSchema>;

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const COLUMNS = `id, name, settings, state, scenario, handler_version AS "handlerVersion", breaker,
  to_char(created_at, ${ISO}) AS "createdAt", to_char(updated_at, ${ISO}) AS "updatedAt", revision,
  coalesce(held_until > now(), false) AS "isHeld",
  coalesce(extract(epoch FROM held_until) * 1000, 0)::float8 AS "heldUntilMs"`;

const parseRow = (row: unknown): SubscriptionRow => rowSchema.parse(row);

export async function selectSubscriptions(db: Db): Promise<SubscriptionRow[]> {
  const result = await db.query(`SELECT ${COLUMNS} FROM subscriptions ORDER BY name`);
  return result.rows.map(parseRow);
}

export async function selectSubscription(db: Db, name: string): Promise<SubscriptionRow | null> {
  const result = await db.query(`SELECT ${COLUMNS} FROM subscriptions WHERE name = $1`, [name]);
  return result.rows.length === 0 ? null : parseRow(result.rows[0]);
}

/** What tells whether a row must be read again. */
export async function selectSubscriptionRevisions(
  db: Db,
): Promise<{ id: number; name: string; revision: number; isHeld: boolean }[]> {
  const result = await db.query<{ id: number; name: string; revision: number; isHeld: boolean }>(
    `SELECT id, name, revision, coalesce(held_until > now(), false) AS "isHeld" FROM subscriptions ORDER BY name`,
  );
  return result.rows;
}

/** Keeps others from changing it until the transaction ends; false when it is gone or was changed since this revision. */
export async function lockSubscription(tx: Db, id: number, revision: number): Promise<boolean> {
  const result = await tx.query(
    'SELECT FROM subscriptions WHERE id = $1 AND revision = $2 FOR NO KEY UPDATE',
    [id, revision],
  );
  return result.rowCount === 1;
}

/** For at most `ms` nobody may take partitions of it, and who has some gives them back; 0 ends that. Returns `heldUntilMs`. */
export async function updateSubscriptionHold(db: Db, id: number, ms: number): Promise<number> {
  const result = await db.query<{ heldUntilMs: number }>(
    `UPDATE subscriptions SET held_until = now() + $2 * interval '1 millisecond', revision = revision + 1
     WHERE id = $1 RETURNING (extract(epoch FROM held_until) * 1000)::float8 AS "heldUntilMs"`,
    [id, ms],
  );
  return result.rows[0]?.heldUntilMs ?? 0;
}

/** Null when the name is taken. */
export async function insertSubscription(
  tx: Db,
  row: {
    readonly name: string;
    readonly settings: SubscriptionSettings;
    readonly scenario: string | null;
    readonly handlerVersion: string | null;
    readonly breaker: Partial<StoredBreaker>;
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
    `UPDATE subscriptions SET settings = $2, scenario = $3, handler_version = $4, updated_at = now(), revision = revision + 1
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
    `UPDATE subscriptions SET state = $2, updated_at = now(), revision = revision + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, state],
  );
  return parseRow(result.rows[0]);
}

export async function updateSubscriptionBreaker(
  tx: Db,
  id: number,
  breaker: Partial<StoredBreaker>,
): Promise<void> {
  await tx.query(
    'UPDATE subscriptions SET breaker = breaker || $2::jsonb, revision = revision + 1 WHERE id = $1',
    [id, breaker],
  );
}

/** With everything of it: offsets, retries, attempts, letters and samples. */
export async function deleteSubscription(tx: Db, id: number): Promise<void> {
  await tx.query('DELETE FROM subscriptions WHERE id = $1', [id]);
  // Nothing refers to what they are claims of; with the cursors gone there can be no new one.
  await tx.query('DELETE FROM claims WHERE subscription_id = $1', [id]);
}
