import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { countSockets } from './process-sockets.ts';
import { launchServer, type ServerOptions } from './server-launch.ts';
import { until } from './until.ts';

const READY_WITHIN_MS = 120_000;
const READY_PROBE_MS = 2_000;
const EXIT_WITHIN_MS = 20_000;
const LAST_WORDS = 20;
const LOG_LINES = 200;

export type Exit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
};

/** A production server on a data folder and a port of its own, made to be killed and started again. */
export class ServerProcess {
  readonly url: string;
  readonly dataFolder: string;
  readonly #port: number;
  readonly #options: ServerOptions;
  #child: ChildProcess;
  #said = '';

  /** Resolves when it is ready. */
  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const folder = options.dataFolder ?? makeDataFolder();
    const server = new ServerProcess(options, folder, await freePort());
    try {
      await server.untilReady();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  private constructor(options: ServerOptions, dataFolder: string, port: number) {
    this.#options = options;
    this.dataFolder = dataFolder;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#child = this.#spawn(port);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The time it took. Rejects when the server ends instead. */
  async untilReady(withinMs = READY_WITHIN_MS): Promise<number> {
    const startedAt = performance.now();
    await until('the server is ready', withinMs, async () => {
      if (!this.isAlive) throw new Error(`The server ended:\n${this.#lastWords()}`);
      return (await this.isReady()) ? true : undefined;
    });
    return performance.now() - startedAt;
  }

  async isReady(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(READY_PROBE_MS);
      const answer = await fetch(`${this.url}/readyz`, { signal });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** The same promise, but rejected when the server ends first. */
  async unlessEnded<Value>(promise: Promise<Value>): Promise<Value> {
    const watch = new AbortController();
    const ended = once(this.#child, 'exit', { signal: watch.signal }).then(() => {
      throw new Error(`The server ended:\n${this.#lastWords()}`);
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      ended.catch(() => undefined);
      watch.abort();
    }
  }

  /** The end of what it wrote, over all its lives. */
  get log(): string {
    return this.#said.split('\n').slice(-LOG_LINES).join('\n');
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    const startedAt = performance.now();
    this.#child.kill(signal);
    const { code, signal: killedBy } = await exitOf(this.#child);
    return { code, signal: killedBy, tookMs: performance.now() - startedAt };
  }

  /** Kills the postmaster alone; its children notice and end by themselves. */
  killPostmaster(): void {
    process.kill(this.#postmasterPid(), 'SIGKILL');
  }

  /** Where its inspector listens; started with `hasInspector`. */
  get inspectorUrl(): string {
    const url = /ws:\/\/127\.0\.0\.1:\S+/.exec(this.#said)?.[0];
    if (url === undefined) throw new Error('The server has no inspector.');
    return url;
  }

  /** Its open sockets to Postgres, dead ones as well; undefined where the system does not tell. */
  postgresSockets(): number | undefined {
    return countSockets(this.#child.pid ?? 0, Number(new URL(this.postgresUrl()).port));
  }

  /** It stands still, its connections open, until `resume`. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** From now on its wall clock is off by so much. */
  shiftClock(byMs: number): void {
    this.#child.send(byMs);
  }

  /** The address of the Postgres it brought, for what only a superuser can do. */
  postgresUrl(): string {
    const read = (name: string) => readFileSync(join(this.dataFolder, name), 'utf8').trim();
    return `postgresql://weir:${read('postgres-password')}@127.0.0.1:${read('postgres-port')}/weir`;
  }

  /** Starts again on the same data folder and port, without waiting. */
  restart(): void {
    this.#child = this.#spawn(this.#port);
  }

  /** Another server on the same data folder: how it ended and what it said. */
  async startRival(): Promise<Exit & { readonly output: string }> {
    const startedAt = performance.now();
    const rival = launchServer(this.#options, this.dataFolder, await freePort());
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    rival.stdout?.on('data', keep);
    rival.stderr?.on('data', keep);
    const exit = await exitOf(rival);
    return { ...exit, tookMs: performance.now() - startedAt, output };
  }

  /** Ends what still runs and deletes the data. */
  async remove(): Promise<void> {
    // What a killed server leaves running is its own Postgres, and only a server ends that one cleanly.
    if (!this.isAlive && this.#options.databaseUrl === undefined) {
      this.restart();
      await this.untilReady().catch(() => undefined);
    }
    this.resume();
    if (this.isAlive) await this.end('SIGTERM').catch(() => this.end('SIGKILL'));
    if (this.#options.dataFolder !== undefined) return;
    rmSync(this.dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }

  #spawn(port: number): ChildProcess {
    const child = launchServer(this.#options, this.dataFolder, port);
    const keep = (chunk: Buffer) => {
      this.#said += chunk.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    return child;
  }

  /** What it wrote at last, warnings left out. */
  #lastWords(): string {
    const lines = this.#said.split('\n').filter((line) => !line.startsWith('{"level":40'));
    return lines.slice(-LAST_WORDS).join('\n');
  }

  #postmasterPid(): number {
    const file = join(this.dataFolder, 'postgres/postmaster.pid');
    const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
    if (!Number.isInteger(pid) || pid <= 1) throw new Error(`${file} names no process.`);
    return pid;
  }
}

function makeDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-faults-'));
  // The user that Postgres runs as must be able to pass through.
  chmodSync(folder, 0o711);
  return folder;
}

async function exitOf(child: ChildProcess): Promise<Pick<Exit, 'code' | 'signal'>> {
  return until('the server ended', EXIT_WITHIN_MS, () => {
    const { exitCode: code, signalCode: signal } = child;
    return code === null && signal === null ? undefined : { code, signal };
  });
}
