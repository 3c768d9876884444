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

function classifySqlState(code: string, error: Error): DatabaseErrorKind {
  if (code === '23514' && /no partition of relation/i.test(error.message)) return 'missing-leaf';
  // 57P01 admin shutdown may come while a commit is under way; 57P02 crash; 57P03 starting up.
  if (code === '57P01' || code === '57P02' || code.startsWith('08')) return 'connection';
  // Another writer took the positions, or the statement was told to give up: it was rolled back whole.
  if (code === '57P03' || code === '57014' || code === '55P03' || code === '23505')
    return 'unavailable';
  if (code.startsWith('40') || code.startsWith('53') || code.startsWith('58')) return 'unavailable';
  if (code === '25006') return 'unavailable';
  if (code.startsWith('22') || code.startsWith('23') || code === '54000') return 'data';
  return 'bug';
}
