import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type TestProject } from 'vitest/node';
import { findFreePort } from '#server/storage/free-port.ts';
import { migrate } from '#server/storage/migrate.ts';
import {
  type Cluster,
  clusterUrl,
  giveTo,
  initCluster,
  startPostmaster,
} from '#server/storage/postgres-cluster.ts';
import { makeRunnable } from '#server/storage/postgres-home.ts';
import { findPostgresPrograms } from '#server/storage/postgres-programs.ts';
import { isAlive } from '#server/storage/process-identity.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the cluster's maintenance database. */
    clusterUrl: string;
  }
}

export const TEMPLATE_DATABASE = 'weir_template';
const FOLDER_PREFIX = 'weir-test-';

// Vitest calls setup and teardown of the same module instance, and nothing else shares it.
let remove: (() => Promise<void>) | undefined;

/** One Postgres for the whole vitest run, with a template database that is migrated once. */
export async function setup(project: TestProject): Promise<void> {
  removeLeftovers();
  const programs = makeRunnable(findPostgresPrograms());
  const home = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  chmodSync(home, 0o755);
  giveTo(programs, home);
  writeFileSync(join(home, 'owner'), String(process.pid));
  const cluster: Cluster = {
    programs,
    folder: join(home, 'postgres'),
    password: randomBytes(16).toString('hex'),
  };
  await initCluster(cluster);
  const port = await findFreePort();
  const postmaster = await startPostmaster(cluster, {
    port,
    logFile: join(home, 'postgres.log'),
    // Nothing here outlives the run, so nothing waits for the disk.
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      shared_buffers: '64MB',
      max_connections: '200',
    },
  });
  const url = clusterUrl(cluster, port);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate({ url: clusterUrl(cluster, port, TEMPLATE_DATABASE) });
  project.provide('clusterUrl', url);
  remove = async () => {
    const ended = new Promise((resolve) => postmaster.once('exit', resolve));
    postmaster.kill('SIGQUIT');
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
}

/** Ends the cluster and removes it; does nothing when none was made. */
export async function teardown(): Promise<void> {
  await remove?.();
}

/** A run that was killed leaves its Postgres behind; the next run of the same user ends it. */
function removeLeftovers(): void {
  const homes = readdirSync(tmpdir()).filter((name) => name.startsWith(FOLDER_PREFIX));
  for (const home of homes.map((name) => join(tmpdir(), name))) {
    const owner = readNumber(join(home, 'owner'));
    if (owner === undefined || isAlive(owner) || !isOurs(home)) continue;
    const postmaster = readNumber(join(home, 'postgres/postmaster.pid'));
    if (postmaster !== undefined && isAlive(postmaster)) process.kill(postmaster, 'SIGQUIT');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Root gives what it makes to another user, and may remove anybody's. */
function isOurs(path: string): boolean {
  const user = process.getuid?.();
  return (
    user === undefined || user === 0 || statSync(path, { throwIfNoEntry: false })?.uid === user
  );
}

function readNumber(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const number = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return Number.isNaN(number) ? undefined : number;
}
