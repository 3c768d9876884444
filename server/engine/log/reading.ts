import { sqlState } from '#server/storage/event-query-rows.ts';
import { databaseFailure } from '../database-failure.ts';
import { EngineError } from '../errors.ts';

/** Runs a read; what the database says becomes the EngineError it means. */
export async function reading<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // A predicate may parse and still fail when it is evaluated: an unknown variable, a conversion that needs a time zone.
    if (/^(42704|0A000)$/.test(sqlState(error)))
      throw new EngineError('invalid-request', 'where asks for something that is not available.', {
        field: 'where',
        cause: error,
      });
    throw databaseFailure(error) ?? error;
  }
}
