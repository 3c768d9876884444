import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './process-identity.ts';

const POLL_MS = 20;
const FAST_STOP_MS = 4_000;
const HARD_STOP_MS = 2_000;

/**
 * Ends whatever a killed server or a killed postmaster left running on this cluster, so that a new postmaster can
 * start: an orphaned postmaster is asked to stop, orphaned children of a dead one are killed. A pid file whose number
 * now belongs to some other program is removed, as Postgres would refuse to start over it.
 */
export async function endLeftovers(clusterFolder: string): Promise<void> {
  if (!existsSync(clusterFolder)) return;
  const folder = realpathSync(clusterFolder);
  const pidFile = join(folder, 'postmaster.pid');
  const postmaster = readPid(pidFile);
  if (postmaster !== undefined && isAlive(postmaster)) {
    if (runsOn(postmaster, folder)) await stopPostmaster(postmaster);
    else if (childrenOn(folder).length === 0) rmSync(pidFile, { force: true });
  }
  for (const pid of childrenOn(folder)) kill(pid, 'SIGKILL');
  await untilGone(() => childrenOn(folder).length === 0, HARD_STOP_MS);
}

/** Fast shutdown, then immediate (the next start replays the log), then kill. Resolves when the process is gone. */
export async function stopPostmaster(pid: number): Promise<void> {
  kill(pid, 'SIGINT');
  if (await untilGone(() => !isAlive(pid), FAST_STOP_MS)) return;
  kill(pid, 'SIGQUIT');
  if (await untilGone(() => !isAlive(pid), HARD_STOP_MS)) return;
  kill(pid, 'SIGKILL');
  await untilGone(() => !isAlive(pid), HARD_STOP_MS);
}

function readPid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return pid > 0 ? pid : undefined;
}

function runsOn(pid: number, folder: string): boolean {
  if (process.platform === 'linux') return workingFolder(pid) === folder;
  if (process.platform === 'win32') return true;
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(
      folder,
    );
  } catch {
    return false;
  }
}

/** Every process of Postgres works in the cluster's folder, and nothing else has a reason to. */
function childrenOn(folder: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && workingFolder(pid) === folder && isPostgres(pid));
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between, which is what was wanted.
  }
}

async function untilGone(isGone: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!isGone()) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
