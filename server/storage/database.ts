import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { classifyDatabaseError } from './database-errors.ts';
import { PrismaClient } from './generated/client.ts';

/** A pool or one of its clients inside a transaction: first argument of every storage function on a hot path. */
export type Db = Pick<pg.Pool, 'query'>;

/** The Prisma client, or the one inside `prisma.$transaction`: first argument of control-plane storage functions. */
export type ControlDb = Omit<
  PrismaClient,
  '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'
>;

export type Database = {
  readonly pool: pg.Pool;
  /** One connection per shard for appends alone, so that user queries cannot starve the log. */
  readonly writers: pg.Pool;
  readonly prisma: PrismaClient;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  readonly url: string;
  /** Schema that holds everything; created when missing. */
  readonly schema?: string;
  readonly poolSize?: number;
  /** An idle connection broke; the pool replaces it by itself. */
  readonly onConnectionLost?: (error: Error) => void;
};

export const DEFAULT_SCHEMA = 'weir';
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const WRITER_STATEMENT_TIMEOUT_MS = 10_000;
const WRITER_LOCK_TIMEOUT_MS = 5_000;
/** Postgres ends a statement by itself; what is silent for so much longer has lost its connection without a word. */
const SILENCE_MS = 2_000;

/** Less than a lease lasts: what a process had locked when it was stopped is free by the time others may take it. */
const IDLE_MS = 8_000;

// int8 as a JS number: positions stay below 2^53. Timestamps stay text and are parsed where they are used.
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const JSON_OID = 114;
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary') {
      if (oid === INT8) return Number;
      if (oid === TIMESTAMPTZ || oid === JSON_OID) return (text: string) => text;
    }
    return format === 'binary'
      ? pg.types.getTypeParser(oid, 'binary')
      : pg.types.getTypeParser(oid, 'text');
  },
};

/** Opens the pools. Does not connect yet: the first query does, and errors come from there. */
export function openDatabase(options: DatabaseOptions): Database {
  const schema = options.schema ?? DEFAULT_SCHEMA;
  const base: pg.PoolConfig = {
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
    options: `-c search_path=${schema} -c timezone=UTC -c synchronous_commit=on`,
  };
  const pool = new pg.Pool({
    ...base,
    max: options.poolSize ?? 12,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + SILENCE_MS,
    application_name: 'weir',
  });
  const writers = new pg.Pool({
    ...base,
    max: 2,
    statement_timeout: WRITER_STATEMENT_TIMEOUT_MS,
    lock_timeout: WRITER_LOCK_TIMEOUT_MS,
    query_timeout: WRITER_STATEMENT_TIMEOUT_MS + SILENCE_MS,
    application_name: 'weir-log',
  });
  const lost = options.onConnectionLost ?? (() => undefined);
  for (const each of [pool, writers]) {
    each.on('error', lost);
    // A pool watches its idle connections only. One that breaks while it is lent out, between two statements or after a
    // failed one, would end the process: whoever holds it learns of it from the next statement.
    each.on('connect', (client) => client.on('error', () => undefined));
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
  return {
    pool,
    writers,
    prisma,
    close: async () => {
      await prisma.$disconnect();
      await Promise.all([pool.end(), writers.end()]);
    },
  };
}

/**
 * Runs `work` in a transaction on one client; rolls back on any error. When nothing is asked of Postgres for `idleMs` it ends the
 * connection, so that a process that stands still keeps no locks from those that go on.
 */
export async function withTransaction<Result>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<Result>,
  idleMs = IDLE_MS,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(
      `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(idleMs)}`,
    );
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A lost connection has rolled back by itself, and on a silent one the request would wait in vain.
    broken =
      classifyDatabaseError(error) === 'connection' ? asError(error) : await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
