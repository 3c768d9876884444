// The Postgres that comes with Weir. It promises:
// - one command is enough: the cluster is made at the first start, in the data folder, and found again at the next;
// - nothing acknowledged is lost: fsync, full pages and synchronous commits are on, and nothing here turns them off;
// - any process may be killed at any time: an orphan of a killed server is replaced, a killed Postgres is started
//   again on the same port, and the pools reconnect by themselves;
// - it is private: it listens on 127.0.0.1 only, behind a random password that is stored for its owner alone;
// - one server per data folder.
import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { claimDataFolder, type DataFolderLock } from './data-folder-lock.ts';
import { findFreePort } from './free-port.ts';
import { type Cluster, clusterUrl, initCluster, startPostmaster } from './postgres-cluster.ts';
import { findPostgresHome } from './postgres-home.ts';
import { endLeftovers, stopPostmaster } from './postgres-leftovers.ts';
import { SetupError } from './setup-error.ts';

export type EmbeddedPostgres = {
  /** Address of Weir's database; stays the same while this process runs. */
  readonly url: string;
  /** Stops Postgres and gives the data folder free. Safe twice. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  readonly dataFolder: string;
  /** Something a person may want to know: first start, restart after a crash. */
  readonly onNotice?: (message: string) => void;
};

const DATABASE = 'weir';
const LOG_FILE_MAX_BYTES = 10_000_000;
const START_ATTEMPTS = 5;
const RESTART_DELAY_MIN_MS = 50;
const RESTART_DELAY_MAX_MS = 5_000;
const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '128MB',
  min_wal_size: '512MB',
  max_wal_size: '4GB',
  // The bundled build has no lz4.
  wal_compression: 'pglz',
  checkpoint_timeout: '15min',
  max_connections: '100',
  // Statements are short; compiling one costs more than it saves.
  jit: 'off',
  // A refused statement is the caller's to report; its text may hold payloads, which do not belong in a log file.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
} as const;

/** Starts (at the first time: makes) the Postgres of a data folder. Throws when another server runs on it. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(options.dataFolder);
  const lock = claimDataFolder(dataFolder);
  try {
    return await EmbeddedServer.start(dataFolder, lock, options.onNotice ?? (() => undefined));
  } catch (error) {
    lock.release();
    throw error;
  }
}

class EmbeddedServer implements EmbeddedPostgres {
  readonly url: string;
  readonly #cluster: Cluster;
  readonly #home: string;
  readonly #port: number;
  readonly #lock: DataFolderLock;
  readonly #notice: (message: string) => void;
  readonly #stopping = new AbortController();
  #postmaster: ChildProcess | undefined;
  #restart: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  static async start(
    dataFolder: string,
    lock: DataFolderLock,
    notice: (message: string) => void,
  ): Promise<EmbeddedServer> {
    const { folder: home, programs } = findPostgresHome(dataFolder);
    if (home !== dataFolder)
      notice(`Postgres may not enter ${dataFolder}: the database is kept in ${home}`);
    const folder = join(home, 'postgres');
    const cluster: Cluster = { programs, folder, password: readPassword(home, folder) };
    if (!existsSync(folder)) {
      notice('Making a new database');
      await initCluster(cluster);
    }
    await endLeftovers(folder);
    for (let attempt = 1; ; attempt += 1) {
      const port = await rememberPort(home);
      const server = new EmbeddedServer(cluster, { home, port, lock, notice });
      try {
        await server.#launch();
        await createDatabase(cluster, port);
        return server;
      } catch (error) {
        await server.#end();
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  private constructor(
    cluster: Cluster,
    place: {
      readonly home: string;
      readonly port: number;
      readonly lock: DataFolderLock;
      readonly notice: (message: string) => void;
    },
  ) {
    this.#cluster = cluster;
    this.#home = place.home;
    this.#port = place.port;
    this.#lock = place.lock;
    this.#notice = place.notice;
    this.url = clusterUrl(cluster, place.port, DATABASE);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopOnce();
    return this.#stopped;
  }

  async #stopOnce(): Promise<void> {
    await this.#end();
    this.#lock.release();
  }

  async #end(): Promise<void> {
    this.#stopping.abort();
    await this.#restart;
    const postmaster = this.#postmaster;
    if (postmaster?.pid !== undefined && !hasEnded(postmaster)) {
      await stopPostmaster(postmaster.pid);
    }
  }

  async #launch(): Promise<void> {
    const logFile = rotateLog(join(this.#home, 'postgres.log'));
    const child = await startPostmaster(this.#cluster, {
      port: this.#port,
      logFile,
      settings: SETTINGS,
      signal: this.#stopping.signal,
    });
    this.#postmaster = child;
    const revive = () => {
      if (!this.#stopping.signal.aborted) this.#restart = this.#reviveUntilItRuns();
    };
    if (hasEnded(child)) revive();
    else child.once('exit', revive);
  }

  async #reviveUntilItRuns(): Promise<void> {
    this.#notice('Postgres ended unexpectedly and is started again.');
    let delayMs = RESTART_DELAY_MIN_MS;
    while (!this.#stopping.signal.aborted) {
      try {
        await endLeftovers(this.#cluster.folder);
        await this.#launch();
        this.#notice('Postgres runs again.');
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#notice(`Postgres could not be started again; the next attempt follows. ${reason}`);
      }
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, RESTART_DELAY_MAX_MS);
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function readPassword(home: string, clusterFolder: string): string {
  const path = join(home, 'postgres-password');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  if (existsSync(clusterFolder)) {
    throw new SetupError(
      `The database in ${clusterFolder} is there, but its password file ${path} is not. Put it back, or move the folder away to begin with an empty database.`,
    );
  }
  const password = randomBytes(24).toString('hex');
  writeFileSync(`${path}.new`, password, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return password;
}

/** The port of the last start when it is still free, so that tools pointed at the database keep working. */
async function rememberPort(home: string): Promise<number> {
  const path = join(home, 'postgres-port');
  const last = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : 0;
  const port = await findFreePort(last > 0 ? last : undefined);
  writeFileSync(path, String(port), { mode: 0o644 });
  return port;
}

async function createDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new pg.Client({ connectionString: clusterUrl(cluster, port) });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [
      DATABASE,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function rotateLog(path: string): string {
  if (existsSync(path) && statSync(path).size > LOG_FILE_MAX_BYTES) {
    rmSync(`${path}.1`, { force: true });
    renameSync(path, `${path}.1`);
  }
  return path;
}
