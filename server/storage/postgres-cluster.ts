import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  type PostgresPrograms,
  programEnvironment,
  programPath,
  runProgram,
} from './postgres-programs.ts';
import { SetupError } from './setup-error.ts';

export type Cluster = {
  readonly programs: PostgresPrograms;
  /** Postgres's data directory. */
  readonly folder: string;
  readonly password: string;
};

export const SUPERUSER = 'weir';
// After a crash Postgres replays up to max_wal_size of its log before it answers.
const READY_TIMEOUT_MS = 600_000;
const READY_POLL_MS = 25;
const PROBE_TIMEOUT_MS = 2_000;

/** Makes an empty cluster: UTF-8, byte order collation, checksums, passwords only. All or nothing. */
export async function initCluster(cluster: Cluster): Promise<void> {
  const { folder, programs, password } = cluster;
  const passwordFile = join(dirname(folder), `.initdb-password-${process.pid}`);
  // A folder left by an initdb that was killed is not a cluster, and initdb refuses to write into it.
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(programs, fresh);
  giveTo(programs, passwordFile);
  try {
    refuseNamelessUser(programs);
    await runProgram(programs, 'initdb', [
      `--pgdata=${fresh}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, folder);
}

// initdb asks the system for the name of whoever runs it, and gives up without one.
function refuseNamelessUser(programs: PostgresPrograms): void {
  if (programs.user !== undefined) return;
  try {
    userInfo();
  } catch (error) {
    throw new SetupError(
      `Postgres needs a user with a name, and the user id ${process.getuid?.() ?? 'of this process'} has none on this machine. Add it to /etc/passwd, start Weir as a user who is there, or set DATABASE_URL to a Postgres of your own.`,
      { cause: error },
    );
  }
}

/** Makes a file or folder belong to the user Postgres runs as. */
export function giveTo(programs: PostgresPrograms, path: string): void {
  if (programs.user) chownSync(path, programs.user.uid, programs.user.gid);
}

export type PostmasterOptions = {
  readonly port: number;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Gives up waiting, and ends what was started. */
  readonly signal?: AbortSignal;
};

/**
 * Starts Postgres on 127.0.0.1 and resolves when it answers. Ctrl-C in a terminal does not reach it: the server
 * stops first, then Postgres.
 */
export async function startPostmaster(
  cluster: Cluster,
  options: PostmasterOptions,
): Promise<ChildProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    ...options.settings,
  };
  const { user } = cluster.programs;
  const output = openSync(options.logFile, 'a', 0o600);
  const child = spawn(
    programPath(cluster.programs, 'postgres'),
    [
      '-D',
      cluster.folder,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      cwd: '/',
      detached: true,
      stdio: ['ignore', output, output],
      env: programEnvironment,
      ...(user && { uid: user.uid, gid: user.gid }),
    },
  );
  closeSync(output);
  await untilReady(child, clusterUrl(cluster, options.port), options);
  return child;
}

async function untilReady(
  child: ChildProcess,
  url: string,
  { logFile, signal }: PostmasterOptions,
): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.once('exit', (code, killedBy) => {
    failure = new Error(
      `Postgres ended while starting (${killedBy ?? `code ${code ?? 'none'}`}); its own words are in ${logFile}.`,
    );
  });
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await answers(url))) {
    if (failure) throw failure;
    if (signal?.aborted || performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw new Error(
        `Postgres did not answer within ${READY_TIMEOUT_MS / 1_000} s; its own words are in ${logFile}.`,
      );
    }
    await sleep(READY_POLL_MS);
  }
}

/** Whether a Postgres answers a query at this address. */
export async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Address of a database of the cluster. */
export function clusterUrl(cluster: Cluster, port: number, database = 'postgres'): string {
  return `postgresql://${SUPERUSER}:${encodeURIComponent(cluster.password)}@127.0.0.1:${port}/${database}`;
}
