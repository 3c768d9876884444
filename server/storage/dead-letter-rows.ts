import { type LetterStatus } from '#contracts/dead-letter.ts';
import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

export type NewDeadLetter = {
  readonly id: string;
  readonly subscriptionId: number;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
  readonly key: string | null;
  readonly type: string;
  /** The stored event as JSON text. */
  readonly event: string;
  readonly fingerprint: string;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly attemptCount: number;
  readonly operationId: string | null;
};

export type DeadLetterRow = {
  readonly id: string;
  readonly subscriptionId: number;
  readonly subscription: string;
  readonly position: number;
  readonly status: LetterStatus;
  readonly fingerprint: string;
  readonly reason: string | null;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly attemptCount: number;
  readonly operationId: string | null;
  /** JSON text. */
  readonly event: string;
  readonly editedData: string | null;
  readonly deadAt: string;
  readonly resolvedAt: string | null;
};

const COLUMNS = `l.id, l.subscription_id AS "subscriptionId", s.name AS subscription, l.position, l.status, l.fingerprint,
  l.reason, l.error_class AS "errorClass", l.error_message AS "errorMessage", l.attempt_count AS "attemptCount",
  l.operation_id AS "operationId", l.event, l.edited_data AS "editedData", l.dead_at AS "deadAt", l.resolved_at AS "resolvedAt"`;

const withTimes = (row: DeadLetterRow): DeadLetterRow => ({
  ...row,
  deadAt: isoFromPg(row.deadAt),
  resolvedAt: row.resolvedAt === null ? null : isoFromPg(row.resolvedAt),
});

/** A letter of the same event that was settled before is opened again with its attempts added up. Returns the id it has. */
export async function upsertDeadLetter(tx: Db, letter: NewDeadLetter): Promise<string> {
  const result = await tx.query<{ id: string }>(
    `INSERT INTO dead_letters AS l (id, subscription_id, topic_id, "partition", "offset", position, key, type, event,
       fingerprint, error_class, error_message, attempt_count, operation_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (subscription_id, topic_id, "partition", "offset") DO UPDATE SET
       fingerprint = excluded.fingerprint, error_class = excluded.error_class, error_message = excluded.error_message,
       attempt_count = l.attempt_count + excluded.attempt_count, operation_id = excluded.operation_id, status = 'open',
       reason = NULL, resolved_at = NULL, dead_at = now(), updated_at = now()
     RETURNING id`,
    [
      letter.id,
      letter.subscriptionId,
      letter.topicId,
      letter.partition,
      letter.offset,
      letter.position,
      letter.key,
      letter.type,
      letter.event,
      letter.fingerprint,
      letter.errorClass,
      letter.errorMessage,
      letter.attemptCount,
      letter.operationId,
    ],
  );
  return result.rows[0]?.id ?? letter.id;
}

/** New letters open a group that was thought resolved; one that is ignored or being worked on keeps its status. */
export async function upsertDeadLetterGroup(
  tx: Db,
  group: {
    readonly fingerprint: string;
    readonly subscriptionId: number;
    readonly errorClass: string;
    readonly message: string;
    readonly topFrame: string | null;
  },
): Promise<void> {
  await tx.query(
    `INSERT INTO dead_letter_groups AS g (fingerprint, subscription_id, error_class, message, top_frame)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (fingerprint) DO UPDATE SET status = 'open', updated_at = now() WHERE g.status = 'resolved'`,
    [group.fingerprint, group.subscriptionId, group.errorClass, group.message, group.topFrame],
  );
}

export type LetterFilterRow = {
  readonly subscription?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: LetterStatus | undefined;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
};

/** Newest first; `below` is the key of the last one of the page before. */
export async function selectDeadLetters(
  db: Db,
  filter: LetterFilterRow,
  page: { readonly limit: number; readonly below: { at: string; id: string } | null },
): Promise<(DeadLetterRow & { readonly exactDeadAt: string })[]> {
  const result = await db.query<DeadLetterRow & { exactDeadAt: string }>(
    `SELECT ${COLUMNS}, l.dead_at AS "exactDeadAt" FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id
     WHERE ($1::text IS NULL OR s.name = $1) AND ($2::text IS NULL OR l.fingerprint = $2)
       AND ($3::text IS NULL OR l.type = $3) AND ($4::text IS NULL OR l.status = $4)
       AND ($5::timestamptz IS NULL OR l.dead_at >= $5) AND ($6::timestamptz IS NULL OR l.dead_at < $6)
       AND ($7::timestamptz IS NULL OR (l.dead_at, l.id) < ($7, $8::uuid))
     ORDER BY l.dead_at DESC, l.id DESC LIMIT $9`,
    [
      filter.subscription,
      filter.fingerprint,
      filter.type,
      filter.status,
      filter.after,
      filter.before,
      page.below?.at,
      page.below?.id,
      page.limit,
    ],
  );
  return result.rows.map((row) => ({ ...withTimes(row), exactDeadAt: row.exactDeadAt }));
}

export async function selectDeadLetter(db: Db, id: string): Promise<DeadLetterRow | null> {
  const result = await db.query<DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id WHERE l.id = $1`,
    [id],
  );
  const [row] = result.rows;
  return row === undefined ? null : withTimes(row);
}

/** The stored events of letters whose leaf of the log is gone. */
export async function selectLetterEvents(
  db: Db,
  ids: readonly string[],
): Promise<{ id: string; event: string }[]> {
  const result = await db.query<{ id: string; event: string }>(
    'SELECT id, event FROM dead_letters WHERE id = ANY($1)',
    [ids],
  );
  return result.rows;
}

/** Letters that may be given back to their consumer become `retrying`; returns those that were changed. */
export async function updateLettersRetrying(
  tx: Db,
  ids: readonly string[],
  operationId: string | null,
): Promise<{ letterId: string; subscription: string }[]> {
  const result = await tx.query<{ letterId: string; subscription: string }>(
    `UPDATE dead_letters l SET status = 'retrying', operation_id = $2, updated_at = now()
     FROM subscriptions s WHERE s.id = l.subscription_id AND l.id = ANY($1)
       AND l.status IN ('open', 'acknowledged', 'ignored')
     RETURNING l.id AS "letterId", s.name AS subscription`,
    [ids, operationId],
  );
  return result.rows;
}

/** JSON text that the next deliveries of the letter carry instead of the event's own payload; null takes an earlier edit back. */
export async function updateLetterData(tx: Db, id: string, data: string | null): Promise<void> {
  await tx.query('UPDATE dead_letters SET edited_data = $2::json WHERE id = $1', [id, data]);
}

export async function updateLetterResolved(tx: Db, id: string): Promise<boolean> {
  const result = await tx.query(
    `UPDATE dead_letters SET status = 'resolved', resolved_at = now(), updated_at = now()
     WHERE id = $1 AND status = 'retrying'`,
    [id],
  );
  return result.rowCount === 1;
}

export async function updateLetterDiscarded(tx: Db, id: string, reason: string): Promise<boolean> {
  const result = await tx.query(
    `UPDATE dead_letters SET status = 'discarded', reason = $2, resolved_at = now(), updated_at = now()
     WHERE id = $1 AND status IN ('open', 'acknowledged', 'ignored')`,
    [id, reason],
  );
  return result.rowCount === 1;
}

/** Letters of the group that wait for a person take the group's status. */
export async function updateGroupLetters(
  tx: Db,
  fingerprint: string,
  status: 'open' | 'acknowledged' | 'ignored',
): Promise<void> {
  await tx.query(
    `UPDATE dead_letters SET status = $2, updated_at = now()
     WHERE fingerprint = $1 AND status IN ('open', 'acknowledged', 'ignored')`,
    [fingerprint, status],
  );
}

export type GroupRow = {
  readonly fingerprint: string;
  readonly subscription: string;
  readonly types: string[];
  readonly errorClass: string;
  readonly message: string;
  readonly topFrame: string | null;
  readonly status: 'open' | 'acknowledged' | 'resolved' | 'ignored';
  readonly note: string | null;
  readonly open: number;
  readonly retrying: number;
  readonly total: number;
  readonly firstAt: string;
  readonly lastAt: string;
};

const MAX_GROUPS_READ = 500;

/** The groups with letters, most recent first. */
export async function selectGroups(db: Db, fingerprint: string | null): Promise<GroupRow[]> {
  const result = await db.query<GroupRow>(
    `SELECT g.fingerprint, s.name AS subscription, l.types, g.error_class AS "errorClass", g.message,
       g.top_frame AS "topFrame", g.status, g.note, l.open, l.retrying, l.total, l.first_at AS "firstAt", l.last_at AS "lastAt"
     FROM dead_letter_groups g JOIN subscriptions s ON s.id = g.subscription_id
     JOIN (SELECT fingerprint, array_agg(DISTINCT type) AS types, count(*) FILTER (WHERE status IN ('open', 'acknowledged')) AS open,
             count(*) FILTER (WHERE status = 'retrying') AS retrying, count(*) AS total, min(dead_at) AS first_at, max(dead_at) AS last_at
           FROM dead_letters WHERE $1::text IS NULL OR fingerprint = $1 GROUP BY fingerprint) l USING (fingerprint)
     ORDER BY l.last_at DESC LIMIT ${MAX_GROUPS_READ}`,
    [fingerprint],
  );
  return result.rows.map((row) => ({
    ...row,
    firstAt: isoFromPg(row.firstAt),
    lastAt: isoFromPg(row.lastAt),
  }));
}

/** How many letters of each group came in each of the last `buckets` buckets; bucket 0 is the oldest. */
export async function selectGroupTrend(
  db: Db,
  trend: { readonly bucketMs: number; readonly buckets: number },
): Promise<{ fingerprint: string; bucket: number; count: number }[]> {
  const result = await db.query<{ fingerprint: string; bucket: number; count: number }>(
    `SELECT fingerprint, ($2::int - 1 - floor(extract(epoch FROM now() - dead_at) * 1000 / $1))::int AS bucket, count(*) AS count
     FROM dead_letters WHERE dead_at > now() - $1 * $2 * interval '1 millisecond' GROUP BY 1, 2`,
    [trend.bucketMs, trend.buckets],
  );
  return result.rows;
}

export async function updateGroup(
  tx: Db,
  fingerprint: string,
  patch: { readonly status: GroupRow['status'] | null; readonly note: string | null | undefined },
): Promise<boolean> {
  const result = await tx.query(
    `UPDATE dead_letter_groups SET status = coalesce($2, status), note = CASE WHEN $3 THEN $4 ELSE note END, updated_at = now()
     WHERE fingerprint = $1`,
    [fingerprint, patch.status, patch.note !== undefined, patch.note ?? null],
  );
  return result.rowCount === 1;
}

/** Letters that nobody has settled, per subscription. */
export async function selectUnsettledLetterCounts(
  db: Db,
): Promise<{ subscriptionId: number; letters: number }[]> {
  const result = await db.query<{ subscriptionId: number; letters: number }>(
    `SELECT subscription_id AS "subscriptionId", count(*) AS letters FROM dead_letters
     WHERE status IN ('open', 'acknowledged', 'retrying') GROUP BY 1`,
  );
  return result.rows;
}

export async function selectLettersOfPosition(
  db: Db,
  position: number,
): Promise<{ subscriptionId: number; id: string; status: LetterStatus }[]> {
  const result = await db.query<{ subscriptionId: number; id: string; status: LetterStatus }>(
    'SELECT subscription_id AS "subscriptionId", id, status FROM dead_letters WHERE position = $1',
    [position],
  );
  return result.rows;
}
