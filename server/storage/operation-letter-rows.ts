import { type Db } from './database.ts';
import { type LetterFilterRow } from './dead-letter-rows.ts';

/** Which letters a redrive means: exactly these ids, or those that match. */
export type LetterSelection =
  | { readonly type: 'ids'; readonly ids: readonly string[] }
  | { readonly type: 'filter'; readonly filter: LetterFilterRow };

/** How many letters of one subscription and type there are, and when the first and last of them died. */
export type LetterCount = {
  readonly subscription: string;
  readonly type: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
};

// A filter leaves out what people decided to ignore, unless it asks for that; letters of another redrive stay with it.
const MATCHING = `FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id
  WHERE CASE WHEN $1::uuid[] IS NOT NULL THEN l.id = ANY($1) AND l.status IN ('open', 'acknowledged', 'ignored')
      ELSE ($2::text IS NULL OR s.name = $2) AND ($3::text IS NULL OR l.fingerprint = $3)
        AND ($4::text IS NULL OR l.type = $4)
        AND CASE WHEN $5::text IS NULL THEN l.status IN ('open', 'acknowledged')
            ELSE l.status = $5 AND l.status IN ('open', 'acknowledged', 'ignored') END
        AND ($6::timestamptz IS NULL OR l.dead_at >= $6) AND ($7::timestamptz IS NULL OR l.dead_at < $7) END
    AND NOT EXISTS (SELECT FROM operation_letters x JOIN operations o ON o.id = x.operation_id
      WHERE x.letter_id = l.id AND x.state IN ('waiting', 'running') AND o.state IN ('planned', 'running', 'paused'))`;

function matchingParams(selection: LetterSelection): unknown[] {
  if (selection.type === 'ids') return [selection.ids, null, null, null, null, null, null];
  const { subscription, fingerprint, type, status, after, before } = selection.filter;
  return [null, subscription, fingerprint, type, status, after, before];
}

export async function countMatchingLetters(
  db: Db,
  selection: LetterSelection,
): Promise<LetterCount[]> {
  const result = await db.query<LetterCount>(
    `SELECT s.name AS subscription, l.type, count(*) AS count, min(l.dead_at) AS oldest, max(l.dead_at) AS newest
     ${MATCHING} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`,
    matchingParams(selection),
  );
  return result.rows;
}

/** Those of the ids that are letters at all. */
export async function selectKnownLetterIds(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const result = await db.query<{ id: string }>(
    'SELECT id FROM dead_letters WHERE id = ANY($1::uuid[])',
    [ids],
  );
  return new Set(result.rows.map((row) => row.id));
}

/** Fixes what a redrive is about, oldest event first. The letters themselves stay as they are. Returns how many. */
export async function insertOperationLetters(
  tx: Db,
  operationId: string,
  selection: LetterSelection,
): Promise<number> {
  const result = await tx.query(
    `INSERT INTO operation_letters (operation_id, ordinal, letter_id)
     SELECT $8, row_number() OVER (ORDER BY l.position, l.id), l.id ${MATCHING}`,
    [...matchingParams(selection), operationId],
  );
  return result.rowCount ?? 0;
}

export type LetterTally = {
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
};

export async function tallyOperationLetters(db: Db, operationId: string): Promise<LetterTally> {
  const result = await db.query<{ state: keyof LetterTally; count: number }>(
    'SELECT state, count(*) AS count FROM operation_letters WHERE operation_id = $1 GROUP BY 1',
    [operationId],
  );
  const counted = Object.fromEntries(result.rows.map((row) => [row.state, row.count]));
  const of = (state: keyof LetterTally): number => counted[state] ?? 0;
  return {
    waiting: of('waiting'),
    running: of('running'),
    done: of('done'),
    failed: of('failed'),
    skipped: of('skipped'),
  };
}

export async function selectWaitingLetters(
  tx: Db,
  operationId: string,
  limit: number,
): Promise<string[]> {
  const result = await tx.query<{ id: string }>(
    `SELECT letter_id AS id FROM operation_letters WHERE operation_id = $1 AND state = 'waiting' ORDER BY ordinal LIMIT $2`,
    [operationId, limit],
  );
  return result.rows.map((row) => row.id);
}

export async function updateOperationLetters(
  tx: Db,
  operationId: string,
  letterIds: readonly string[],
  state: keyof LetterTally,
): Promise<void> {
  await tx.query(
    'UPDATE operation_letters SET state = $3 WHERE operation_id = $1 AND letter_id = ANY($2::uuid[])',
    [operationId, letterIds, state],
  );
}

/** Reads from the letters how those that were running have ended; returns the states they got. */
export async function settleOperationLetters(
  tx: Db,
  operationId: string,
): Promise<readonly { readonly state: 'done' | 'failed'; readonly count: number }[]> {
  const result = await tx.query<{ state: 'done' | 'failed'; count: number }>(
    `WITH settled AS (
       UPDATE operation_letters x SET state = CASE WHEN l.status = 'resolved' THEN 'done' ELSE 'failed' END
       FROM dead_letters l WHERE l.id = x.letter_id AND x.operation_id = $1 AND x.state = 'running' AND l.status <> 'retrying'
       RETURNING x.state)
     SELECT state, count(*) AS count FROM settled GROUP BY 1`,
    [operationId],
  );
  return result.rows;
}
