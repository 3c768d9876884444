/**
 * What a failed query means for its caller:
 * connection: the link broke, the outcome is unknown · unavailable: refused, out of resources, or asked to wait; nothing was done
 * · missing-leaf: no partition of the log for a position · data: Postgres refuses this data · bug: anything else.
 */
export type DatabaseErrorKind = 'connection' | 'unavailable' | 'missing-leaf' | 'data' | 'bug';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_SOCKET_CLOSED']);

export function classifyDatabaseError(error: unknown): DatabaseErrorKind {
  if (!(error instanceof Error)) return 'bug';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNREACHABLE.has(code)) return 'unavailable';
  if (BROKEN.has(code)) return 'connection';
  if (/^[0-9A-Z]{5}$/.test(code)) return classifySqlState(code, error);
  if (
    /connection terminated|connection ended|client has encountered a connection error|not queryable|query read timeout/i.test(
      error.message,
    )
  ) {
    return 'connection';
  }
  if (
    /timeout exceeded when trying to connect|connect timeout|timeout expired/i.test(error.message)
  ) {
    return 'unavailable';
  }
  return 'bug';
}

// 57P01 admin shutdown may come while a commit is under way; 57P02 is a crash.
const LOST = /^(57P0[12]|08...)$/;
// Told to give up or to wait, another writer took the positions, no room, or read-only: it was rolled back whole.
const ROLLED_BACK = /^(57P03|57014|55P03|23505|25006|40...|53...|58...)$/;
const REFUSED = /^(22...|23...|54000)$/;

function classifySqlState(code: string, error: Error): DatabaseErrorKind {
  if (code === '23514' && /no partition of relation/i.test(error.message)) return 'missing-leaf';
  if (LOST.test(code)) return 'connection';
  if (ROLLED_BACK.test(code)) return 'unavailable';
  return REFUSED.test(code) ? 'data' : 'bug';
}
