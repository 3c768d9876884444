import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHUNKS = [1_048_576, 4_096] as const;

/** A disk in memory, small enough to be filled. Mounting one takes root. */
export class SmallDisk {
  readonly folder: string;

  /** Undefined, and a line that says so, where no disk can be mounted. */
  static mount(megabytes: number): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'weir-small-disk-'));
    const options = `size=${megabytes}m,mode=0711`;
    const { status, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    if (status === 0) return new SmallDisk(folder);
    rmdirSync(folder);
    process.stdout.write(
      `SKIPPED: no small disk can be mounted here (${error?.message ?? `mount ended with ${status}`}); it takes root.\n`,
    );
    return undefined;
  }

  private constructor(folder: string) {
    this.folder = folder;
    chmodSync(folder, 0o711);
  }

  /** Leaves not one page free. */
  fill(): void {
    const file = openSync(this.#filler, 'w');
    for (const size of CHUNKS) writeUntilFull(file, Buffer.alloc(size));
    closeSync(file);
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  remove(): void {
    spawnSync('umount', ['--lazy', this.folder]);
    rmdirSync(this.folder);
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
