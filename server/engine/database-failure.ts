import { classifyDatabaseError } from '#server/storage/database-errors.ts';
import { EngineError } from './errors.ts';

/** Prisma: cannot reach, timed out, connection closed, pool exhausted. */
const PRISMA_UNREACHABLE = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037']);
const CAUSES_LOOKED_AT = 4;

const DISK_FULL = '53100';

/** Why the database does nothing now, for whoever asked it to. */
export function unavailableReason(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code === DISK_FULL
    ? 'The disk of the database is full'
    : 'The database cannot answer now';
}

/** What an error that escaped from a query means to a caller, or null when it is not the database's. */
export function databaseFailure(error: unknown): EngineError | null {
  let current: unknown = error;
  for (let depth = 0; depth < CAUSES_LOOKED_AT && current instanceof Error; depth += 1) {
    const failure = failureOf(current);
    if (failure !== null) return failure;
    current = current.cause;
  }
  return null;
}

function failureOf(error: Error): EngineError | null {
  const kind = classifyDatabaseError(error);
  const prisma = 'code' in error && PRISMA_UNREACHABLE.has(String(error.code));
  if (kind === 'connection' || kind === 'unavailable' || prisma)
    return new EngineError('unavailable', `${unavailableReason(error)}; try again.`, {
      cause: error,
    });
  if (kind === 'data')
    return new EngineError('invalid-request', 'The database refuses a value of this request.', {
      cause: error,
    });
  return null;
}
