import { type Clock } from '#server/engine/clock.ts';
import { type Logger } from '#server/engine/logger.ts';
import { type Service } from '#server/engine/service.ts';
import { claimDataFolder } from '#server/storage/data-folder-lock.ts';
import { type Database, openDatabase } from '#server/storage/database.ts';
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';
import { migrate } from '#server/storage/migrate.ts';
import { readNodeId } from '#server/storage/node-id.ts';
import { SetupError } from '#server/storage/setup-error.ts';

export type StartDatabaseOptions = {
  readonly databaseUrl: string | undefined;
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onProgress: (message: string) => void;
  /** What must be stopped, in the order it was started; filled while starting, so that an interrupted start is undone too. */
  readonly started: Service[];
  readonly signal: AbortSignal;
};

export type StartedDatabase = {
  readonly database: Database;
  readonly nodeId: string;
};

const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;

/**
 * The migrated database: the embedded one, or the one of DATABASE_URL, for which it waits as long as it takes. Rejects
 * when the database cannot be used at all (another server's data folder, foreign migrations) or the start is given up.
 */
export async function startDatabase(options: StartDatabaseOptions): Promise<StartedDatabase> {
  const { log, started, signal } = options;
  const url = options.databaseUrl ?? (await startEmbedded(options));
  if (options.databaseUrl !== undefined) claimFolder(options);
  await migrateWhenReachable(url, options);
  const database = openDatabase({
    url,
    onConnectionLost: (error) => {
      if (signal.aborted) return;
      log.warn({ err: error }, 'A database connection was lost; the pool replaces it.');
    },
  });
  started.push({
    name: 'database',
    start: () => Promise.resolve(),
    stop: () => database.close(),
  });
  return { database, nodeId: readNodeId(options.dataFolder) };
}

function claimFolder({ dataFolder, started }: StartDatabaseOptions): void {
  const lock = claimDataFolder(dataFolder);
  started.push({
    name: 'data folder',
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(lock.release()),
  });
}

async function startEmbedded(options: StartDatabaseOptions): Promise<string> {
  options.onProgress('Starting Postgres');
  let isRunning = false;
  const postgres = await startEmbeddedPostgres({
    dataFolder: options.dataFolder,
    onNotice: (message) => {
      if (isRunning) options.log.warn({}, message);
      else options.onProgress(message);
    },
  });
  isRunning = true;
  options.started.push({
    name: 'postgres',
    start: () => Promise.resolve(),
    stop: () => postgres.stop(),
  });
  return postgres.url;
}

async function migrateWhenReachable(url: string, options: StartDatabaseOptions): Promise<void> {
  const { clock, log, signal } = options;
  let delayMs = RETRY_MIN_MS;
  while (true) {
    try {
      const applied = await migrate({ url });
      if (applied.length > 0) log.info({ applied }, 'The database was migrated.');
      return;
    } catch (error) {
      if (error instanceof SetupError) throw error;
      if (delayMs === RETRY_MIN_MS) options.onProgress('Waiting for the database');
      log.warn(
        { err: error, delayMs },
        'The database cannot be reached; the next attempt follows.',
      );
    }
    await clock.sleep(delayMs, signal);
    signal.throwIfAborted();
    delayMs = Math.min(delayMs * 2, RETRY_MAX_MS);
  }
}
