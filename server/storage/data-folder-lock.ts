import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { processStart } from './process-identity.ts';
import { SetupError } from './setup-error.ts';

export type DataFolderLock = { release(): void };

const holderSchema = z.object({ pid: z.int().positive(), start: z.string() });
const ATTEMPTS = 5;

/**
 * One server per data folder. The file names its holder by process id and start time, so that what a killed server
 * left behind counts for nothing, even when its id is in use again. Throws SetupError when held.
 */
export function lockDataFolder(folder: string): DataFolderLock {
  const path = join(folder, 'server.lock');
  const mine = `${path}.${process.pid}`;
  const content = JSON.stringify({ pid: process.pid, start: processStart(process.pid) ?? '' });
  writeFileSync(mine, content, { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (linkWhenAbsent(mine, path)) return { release: () => releaseLock(path, content) };
      removeWhenStale(path, folder);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new SetupError(`Other servers are being started on ${folder}. Try again.`);
}

/** Makes the data folder when it is missing, and locks it. */
export function claimDataFolder(folder: string): DataFolderLock {
  try {
    const made = mkdirSync(folder, { recursive: true });
    // As root, the user that Postgres runs as must be able to pass through.
    if (made !== undefined) chmodSync(folder, 0o711);
    return lockDataFolder(folder);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `The data folder ${folder} cannot be made or changed. Check who owns it, or choose another by WEIR_DATA_DIR.`,
      { cause: error },
    );
  }
}

function linkWhenAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function removeWhenStale(path: string, folder: string): void {
  const content = readWhenPresent(path);
  if (content === undefined) return;
  const pid = livingHolder(content);
  if (pid !== undefined) {
    throw new SetupError(
      `Another Weir (process ${pid}) runs on the data folder ${folder}. Stop it first, or give this one a folder of its own by WEIR_DATA_DIR.`,
    );
  }
  // Renaming is atomic: of several who found it stale one moves it. If that one moved a fresh lock, it puts it back.
  const moved = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch {
    return;
  }
  if (readWhenPresent(moved) !== content) linkWhenAbsent(moved, path);
  rmSync(moved, { force: true });
}

function livingHolder(content: string): number | undefined {
  try {
    const holder = holderSchema.parse(JSON.parse(content));
    return processStart(holder.pid) === holder.start ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}

function readWhenPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function releaseLock(path: string, content: string): void {
  if (readWhenPresent(path) === content) rmSync(path, { force: true });
}
