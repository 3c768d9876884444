import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  canReach,
  findPostgresPrograms,
  type PostgresPrograms,
  programPath,
  type SystemUser,
} from './postgres-programs.ts';
import { SetupError } from './setup-error.ts';

export type PostgresHome = {
  /** Holds the cluster, its password, port and log. */
  readonly folder: string;
  readonly programs: PostgresPrograms;
};

const SYSTEM_FOLDER = '/var/lib/weir';
const CLUSTER = 'postgres';

/**
 * Where the embedded Postgres of a data folder lives: in the data folder itself, unless Weir runs as root and the
 * user that Postgres runs as cannot reach it (a clone below /root); then below /var/lib/weir, programs included.
 */
export function findPostgresHome(dataFolder: string): PostgresHome {
  const found = findPostgresPrograms();
  if (found.user === undefined) {
    refuseForeignCluster(dataFolder);
    return { folder: dataFolder, programs: found };
  }
  const user = ownerOfCluster(join(dataFolder, CLUSTER)) ?? found.user;
  return {
    folder: canReach(dataFolder, user) ? dataFolder : moveOut(dataFolder),
    programs: makeRunnable({ ...found, user }),
  };
}

/** The programs where their user may run them: a copy below /var/lib/weir when they lie out of its reach. */
export function makeRunnable(programs: PostgresPrograms): PostgresPrograms {
  const { user } = programs;
  if (user === undefined || canReach(programPath(programs, 'postgres'), user)) return programs;
  return { ...programs, folder: copyPrograms(programs.folder, user) };
}

function refuseForeignCluster(dataFolder: string): void {
  const owner = ownerOfCluster(join(dataFolder, CLUSTER));
  if (process.getuid === undefined || owner === undefined || owner.uid === process.getuid()) return;
  throw new SetupError(
    `The database in ${dataFolder} belongs to user id ${owner.uid}: Weir was started there by another user before (perhaps by root). Start it as that user, or choose another folder by WEIR_DATA_DIR.`,
  );
}

function ownerOfCluster(folder: string): SystemUser | undefined {
  if (!existsSync(folder)) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { name: String(uid), uid, gid };
}

function moveOut(dataFolder: string): string {
  const real = realpathSync(dataFolder);
  const name = `${basename(dirname(real))}-${createHash('sha256').update(real).digest('hex').slice(0, 12)}`;
  const folder = makeReachable(join(SYSTEM_FOLDER, name));
  writeFileSync(
    join(dataFolder, 'postgres-is-elsewhere'),
    `Postgres does not run as root, and its user cannot enter this folder.\nThe database is in ${folder}.\n`,
  );
  return folder;
}

function makeReachable(folder: string): string {
  mkdirSync(folder, { recursive: true });
  chmodSync(SYSTEM_FOLDER, 0o755);
  chmodSync(folder, 0o755);
  return folder;
}

function copyPrograms(from: string, user: SystemUser): string {
  const identity = createHash('sha256')
    .update(readFileSync(join(dirname(from), 'package.json')))
    .digest('hex')
    .slice(0, 12);
  const folder = join(SYSTEM_FOLDER, `programs-${identity}-${user.uid}`);
  if (existsSync(folder)) return folder;
  makeReachable(SYSTEM_FOLDER);
  const unfinished = `${folder}.${process.pid}`;
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  giveTree(unfinished, user);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function giveTree(folder: string, user: SystemUser): void {
  chownSync(folder, user.uid, user.gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
}
