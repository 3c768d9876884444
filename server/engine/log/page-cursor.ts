import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EngineError } from '../errors.ts';

const CURSOR_VERSION = 1;
const DIGEST_LENGTH = 12;

/**
 * Opaque keyset cursors: base64url of a small JSON that carries its version and a digest of the question it continues,
 * so that a cursor used with another question is refused instead of skipping rows.
 */
export function encodeCursor(question: unknown, last: number | string): string {
  const cursor = { v: CURSOR_VERSION, q: digest(question), k: last };
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** The key a cursor of `encodeCursor` was made with. Throws invalid-request for anything else. */
export function decodeCursor<Key extends number | string>(
  question: unknown,
  key: z.ZodType<Key>,
  cursor: string,
): Key {
  const parsed = cursorSchema.safeParse(parseJson(cursor));
  const last = key.safeParse(parsed.data?.k);
  if (!parsed.success || !last.success)
    throw badCursor('The cursor is not one this server gave out.');
  if (parsed.data.q !== digest(question))
    throw badCursor('The cursor belongs to another query; start again without it.');
  return last.data;
}

const cursorSchema = z.object({ v: z.literal(CURSOR_VERSION), q: z.string(), k: z.unknown() });

function parseJson(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Object keys are sorted, so that the order in which a query was built does not matter. */
function digest(question: unknown): string {
  const text = JSON.stringify(question, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}

const badCursor = (message: string) =>
  new EngineError('invalid-request', message, { field: 'cursor' });
