import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { DEFAULT_SCHEMA } from './database.ts';
import { SetupError } from './setup-error.ts';

export type MigrateOptions = {
  readonly url: string;
  readonly schema?: string;
  /** Folder of `<name>/migration.sql`; the repository's own by default. */
  readonly folder?: string;
};

type Migration = { readonly name: string; readonly sql: string; readonly checksum: string };

const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../prisma/migrations');
// Prisma's own lock, so that `prisma migrate deploy` and a booting server wait for each other.
const PRISMA_MIGRATE_LOCK = 72_707_369;
const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MS = 60_000;

const BOOKS = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  varchar(36) PRIMARY KEY NOT NULL,
    checksum            varchar(64) NOT NULL,
    finished_at         timestamptz,
    migration_name      varchar(255) NOT NULL,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
  )`;

/**
 * Brings the schema up to the newest migration, each in one transaction, and keeps the books in Prisma's own
 * table, so that `prisma migrate deploy` agrees. Safe to call from several processes at once. Returns the names
 * of the migrations it applied.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const schema = options.schema ?? DEFAULT_SCHEMA;
  const migrations = await readMigrations(options.folder ?? MIGRATIONS_FOLDER);
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: `-c search_path=${schema} -c timezone=UTC -c lock_timeout=${LOCK_TIMEOUT_MS}`,
    application_name: 'weir-migrate',
  });
  // A connection lost between two queries must reject the next query, not end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}`);
    await client.query(BOOKS);
    const pending = findPending(migrations, await readApplied(client));
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const content = await readFile(join(folder, name, 'migration.sql'));
      const checksum = createHash('sha256').update(content).digest('hex');
      return { name, sql: content.toString('utf8'), checksum };
    }),
  );
}

type Applied = { readonly checksum: string; readonly finished: boolean };

async function readApplied(client: pg.Client): Promise<ReadonlyMap<string, Applied>> {
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

function findPending(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, Applied>,
): readonly Migration[] {
  const known = new Set(migrations.map((migration) => migration.name));
  const foreign = [...applied.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) {
    throw new SetupError(
      `The database has the migration "${foreign}", which this Weir does not know: it was used by a newer one. Start that version, or use another database.`,
    );
  }
  return migrations.filter((migration) => {
    const found = applied.get(migration.name);
    if (found === undefined) return true;
    if (!found.finished) {
      throw new SetupError(
        `The migration "${migration.name}" was started by another tool and did not finish. Repair it with "prisma migrate resolve", or use another database.`,
      );
    }
    if (found.checksum !== migration.checksum) {
      throw new SetupError(
        `The migration "${migration.name}" was applied to this database with other content (checksum ${found.checksum.slice(0, 12)}…, here ${migration.checksum.slice(0, 12)}…). Start the Weir that made the database, or use another database (an embedded one: move the data folder away).`,
      );
    }
    return false;
  });
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new SetupError(`The migration "${migration.name}" failed and was rolled back.`, {
      cause: error,
    });
  }
}
