import { type Db } from './database.ts';

export type AttemptRow = {
  readonly subscriptionId: number;
  readonly position: number;
  readonly attempt: number;
  readonly at: string;
  readonly durationMs: number;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly stack: string | null;
  readonly handlerVersion: string | null;
  readonly operationId: string | null;
};

export type NewAttempt = Omit<AttemptRow, 'at'> & { readonly retryable: boolean };

/** At most this many attempts of one event are shown, the newest. */
const MAX_ATTEMPTS_READ = 500;

const ATTEMPT_COLUMNS = `subscription_id, position, attempt, duration_ms, error_class, error_message, stack, handler_version,
    retryable, operation_id`;

/** An attempt for each row of `source`, with the first ten parameters: to stand in a WITH, so that it and what follows are one trip. */
export const attemptInsertFrom = (source: string): string =>
  `INSERT INTO attempts (${ATTEMPT_COLUMNS}) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM ${source}`;

export const attemptValues = (attempt: NewAttempt): unknown[] => [
  attempt.subscriptionId,
  attempt.position,
  attempt.attempt,
  attempt.durationMs,
  attempt.errorClass,
  attempt.errorMessage,
  attempt.stack,
  attempt.handlerVersion,
  attempt.retryable,
  attempt.operationId,
];

export async function insertAttempt(tx: Db, attempt: NewAttempt): Promise<void> {
  await tx.query(attemptInsertFrom('(VALUES (1)) AS once'), attemptValues(attempt));
}

/** Failed attempts at these events, oldest first; of one subscription or of all. */
export async function selectAttempts(
  db: Db,
  positions: readonly number[],
  subscriptionId: number | null,
): Promise<AttemptRow[]> {
  const result = await db.query<AttemptRow>(
    `SELECT * FROM (
       SELECT id, subscription_id AS "subscriptionId", position, attempt,
         to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, duration_ms AS "durationMs",
         error_class AS "errorClass", error_message AS "errorMessage", stack,
         handler_version AS "handlerVersion", operation_id AS "operationId"
       FROM attempts WHERE position = ANY($1) AND ($2::int IS NULL OR subscription_id = $2)
       ORDER BY id DESC LIMIT ${MAX_ATTEMPTS_READ}) newest ORDER BY id`,
    [positions, subscriptionId],
  );
  return result.rows;
}
