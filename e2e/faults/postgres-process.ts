import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { until } from './until.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const ENDS_WITHIN_MS = 20_000;

/** A Postgres of a test's own, with the settings of the embedded one, for servers that are given an address. */
export class PostgresProcess {
  readonly url: string;
  readonly #holder: ChildProcess;
  readonly #folder: string;
  #databases = 0;

  static async start(): Promise<PostgresProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-faults-'));
    // The user that Postgres runs as must be able to pass through.
    chmodSync(folder, 0o711);
    const holder = spawn(process.execPath, ['server/testing/embedded-postgres-holder.ts', folder], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(createInterface(holder.stdout), 'line');
    return new PostgresProcess(String(url), holder, folder);
  }

  private constructor(url: string, holder: ChildProcess, folder: string) {
    this.url = url;
    this.#holder = holder;
    this.#folder = folder;
  }

  /** A new and empty one; its address. */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `faults_${this.#databases}`;
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** Kills the postmaster alone; it is started again at once. */
  kill(): void {
    process.kill(this.#pid, 'SIGKILL');
  }

  get #pid(): number {
    const file = join(this.#folder, 'postgres/postmaster.pid');
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  }

  /** Ends it and deletes its data. */
  async remove(): Promise<void> {
    const pid = this.#pid;
    // First the holder, which would start it again.
    this.#holder.kill('SIGKILL');
    process.kill(pid, 'SIGINT');
    await until('Postgres has ended', ENDS_WITHIN_MS, () => (isAlive(pid) ? undefined : true));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
