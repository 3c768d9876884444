import { z } from 'zod';
import { type Operation, operationSchema, operationStateSchema } from '#contracts/operation.ts';
import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

/** How long a process that runs an operation may be silent before another takes it over. */
const LEASE_SECONDS = 5;

const time = z.string().transform(isoFromPg);
const rowSchema = z.object({
  id: z.string(),
  kind: operationSchema.shape.kind,
  state: operationStateSchema,
  title: z.string(),
  detail: z.string().nullable(),
  target: z.string().nullable(),
  actor: z.string(),
  reason: z.string().nullable(),
  params: z.record(z.string(), z.unknown()),
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  position: z.number().nullable(),
  ratePerSecond: z.number().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  updatedAt: time,
});
export type OperationRow = z.infer<typeof rowSchema>;

const COLUMNS = `id, kind, state, title, detail, target, actor, reason, params, total, done, failed, position,
  rate_per_second AS "ratePerSecond", created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt",
  updated_at AS "updatedAt"`;

const parseRows = (rows: readonly unknown[]): OperationRow[] =>
  rows.map((row) => rowSchema.parse(row));

/** One at a time decides who gets a slot; held until the transaction ends. */
export async function lockOperationSlots(tx: Db): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.operations', 0))`,
  );
}

export type NewOperation = Pick<
  OperationRow,
  | 'id'
  | 'kind'
  | 'title'
  | 'target'
  | 'actor'
  | 'reason'
  | 'params'
  | 'total'
  | 'position'
  | 'ratePerSecond'
>;

/** Stored as planned. */
export async function insertOperation(tx: Db, row: NewOperation): Promise<void> {
  await tx.query(
    `INSERT INTO operations (id, kind, state, title, target, actor, reason, params, total, position, rate_per_second)
     VALUES ($1, $2, 'planned', $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      row.id,
      row.kind,
      row.title,
      row.target,
      row.actor,
      row.reason,
      JSON.stringify(row.params),
      row.total,
      row.position,
      row.ratePerSecond,
    ],
  );
}

export async function updateOperationTotal(tx: Db, id: string, total: number): Promise<void> {
  await tx.query('UPDATE operations SET total = $2 WHERE id = $1', [id, total]);
}

export async function selectOperation(db: Db, id: string): Promise<OperationRow | null> {
  const result = await db.query(`SELECT ${COLUMNS} FROM operations WHERE id = $1`, [id]);
  return parseRows(result.rows)[0] ?? null;
}

export async function lockOperation(tx: Db, id: string): Promise<OperationRow | null> {
  const result = await tx.query(`SELECT ${COLUMNS} FROM operations WHERE id = $1 FOR UPDATE`, [id]);
  return parseRows(result.rows)[0] ?? null;
}

/** Newest first; `below` is the key of the last one of the page before, at the database's own precision. */
export async function selectOperations(
  db: Db,
  filter: {
    readonly kind?: Operation['kind'] | undefined;
    readonly state?: Operation['state'] | undefined;
  },
  page: {
    readonly limit: number;
    readonly below: { readonly at: string; readonly id: string } | null;
  },
): Promise<{ readonly row: OperationRow; readonly exactCreatedAt: string }[]> {
  const result = await db.query<{ exactCreatedAt: string }>(
    `SELECT ${COLUMNS}, created_at AS "exactCreatedAt" FROM operations
     WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR state = $2)
       AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
     ORDER BY created_at DESC, id DESC LIMIT $5`,
    [filter.kind, filter.state, page.below?.at, page.below?.id, page.limit],
  );
  return result.rows.map((raw) => ({
    row: rowSchema.parse(raw),
    exactCreatedAt: raw.exactCreatedAt,
  }));
}

export async function countRunningOperations(tx: Db): Promise<number> {
  const result = await tx.query<{ running: number }>(
    `SELECT count(*) AS running FROM operations WHERE state = 'running'`,
  );
  return result.rows[0]?.running ?? 0;
}

export async function selectPlannedOperationIds(tx: Db, limit: number): Promise<string[]> {
  const result = await tx.query<{ id: string }>(
    `SELECT id FROM operations WHERE state = 'planned' ORDER BY created_at, id LIMIT $1`,
    [limit],
  );
  return result.rows.map((row) => row.id);
}

/** Stamps the first start and the end; an operation that does not run has no owner. */
export async function updateOperationState(
  tx: Db,
  id: string,
  change: {
    readonly state: OperationRow['state'];
    readonly detail: string | null;
    readonly ended: boolean;
  },
): Promise<OperationRow> {
  const result = await tx.query(
    `UPDATE operations SET state = $2, detail = $3, updated_at = now(),
       started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
       finished_at = CASE WHEN $4 THEN now() ELSE finished_at END,
       claimed_by = CASE WHEN $2 = 'running' THEN claimed_by END, lease_until = CASE WHEN $2 = 'running' THEN lease_until END
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, change.state, change.detail, change.ended],
  );
  return rowSchema.parse(result.rows[0]);
}

/**
 * Takes running operations that nobody alive runs, or an earlier life of this node, and keeps those this process has; never the ones in
 * `except`, nor replays to subscriptions in `elsewhere`.
 */
export async function claimOperations(
  db: Db,
  claimant: Claimant,
  leave: { readonly except: readonly string[]; readonly elsewhere: readonly string[] },
): Promise<OperationRow[]> {
  const result = await db.query(
    `UPDATE operations SET claimed_by = $1, claimed_node = $3, lease_until = now() + ${LEASE_SECONDS} * interval '1 second'
     WHERE state = 'running' AND (claimed_by IS NULL OR claimed_by = $1 OR claimed_node = $3 OR lease_until < now())
       AND id <> ALL($2::uuid[]) AND NOT (kind = 'replay' AND coalesce(target = ANY($4::text[]), false))
     RETURNING ${COLUMNS}`,
    [claimant.incarnation, leave.except, claimant.nodeId, leave.elsewhere],
  );
  return parseRows(result.rows);
}

type Claimant = { readonly nodeId: string; readonly incarnation: string };

/** So that another process, or the next start of this one, need not wait for the lease to run out. */
export async function releaseOperation(db: Db, id: string, claimant: string): Promise<void> {
  await db.query(
    'UPDATE operations SET claimed_by = NULL, lease_until = NULL WHERE id = $1 AND claimed_by = $2',
    [id, claimant],
  );
}

/** Saves how far an operation has come and renews its lease. False when it is no longer this process that runs it. */
export async function updateOperationProgress(
  db: Db,
  claimant: string,
  progress: {
    readonly id: string;
    readonly done: number;
    readonly failed: number;
    readonly position: number | null;
    readonly detail: string | null;
  },
): Promise<boolean> {
  const result = await db.query(
    `UPDATE operations SET done = $3, failed = $4, position = coalesce($5, position), detail = $6, updated_at = now(),
       lease_until = now() + ${LEASE_SECONDS} * interval '1 second'
     WHERE id = $1 AND claimed_by = $2 AND state = 'running'`,
    [progress.id, claimant, progress.done, progress.failed, progress.position, progress.detail],
  );
  return result.rowCount === 1;
}

/** The same for an operation that was paused meanwhile, and perhaps resumed: what was in flight still counts while nobody else has it. */
export async function updateUnclaimedProgress(
  db: Db,
  progress: {
    readonly id: string;
    readonly done: number;
    readonly failed: number;
    readonly position: number | null;
  },
): Promise<void> {
  await db.query(
    `UPDATE operations SET done = $2, failed = $3, position = coalesce($4, position), updated_at = now()
     WHERE id = $1 AND state IN ('paused', 'planned', 'running') AND claimed_by IS NULL`,
    [progress.id, progress.done, progress.failed, progress.position],
  );
}

/** What an estimate needs of a target: its settings as stored, and its typical latency of late. */
export async function selectTarget(
  db: Db,
  name: string,
): Promise<{ readonly settings: unknown; readonly p50Ms: number | null } | null> {
  const result = await db.query<{ settings: unknown; p50Ms: number | null }>(
    `SELECT s.settings, (SELECT c.p50_ms FROM consumer_samples c WHERE c.subscription_id = s.id AND c.resolution IN (1, 60)
         AND c.p50_ms IS NOT NULL ORDER BY c.at DESC LIMIT 1) AS "p50Ms"
     FROM subscriptions s WHERE s.name = $1`,
    [name],
  );
  return result.rows[0] ?? null;
}
