import { type Database } from '#server/storage/database.ts';
import { type Readiness } from './engine-parts.ts';

const CHECK_TIMEOUT_MS = 2_000;

/** Ready when the database answers a query in time and holds the log. */
export function createReadiness(deps: { readonly database: Pick<Database, 'pool'> }): Readiness {
  return {
    check: async () => {
      const timeout = Promise.withResolvers<string>();
      const timer = setTimeout(() => timeout.resolve('no answer in time'), CHECK_TIMEOUT_MS);
      const asked = deps.database.pool
        .query('SELECT 1 FROM log_shards LIMIT 1')
        .then(() => 'ok')
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
      const database = await Promise.race([asked, timeout.promise]);
      clearTimeout(timer);
      return { ready: database === 'ok', checks: { database } };
    },
  };
}
