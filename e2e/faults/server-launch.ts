import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export type ServerOptions = {
  /** The repository whose server runs; this one by default. */
  readonly repository?: string;
  /** It brings its own Postgres when there is none. */
  readonly databaseUrl?: string;
  /** One that is kept by whoever made it; by default a new one, which the server's `remove` deletes. */
  readonly dataFolder?: string;
  /** Whether `shiftClock` works. */
  readonly hasShiftableClock?: boolean;
  /** Of its wall clock, as in TZ; the machine's by default. */
  readonly timeZone?: string;
  /** Whether a HeapProbe can be put into it. */
  readonly hasInspector?: boolean;
};

const REPOSITORY = join(import.meta.dirname, '../..');

/** A production server as a child process, with no setting of this process's environment. */
export function launchServer(
  options: ServerOptions,
  dataFolder: string,
  port: number,
): ChildProcess {
  const clock = join(import.meta.dirname, 'shiftable-clock.ts');
  const args = [
    ...(options.hasShiftableClock ? ['--import', clock] : []),
    ...(options.hasInspector ? ['--inspect=127.0.0.1:0'] : []),
  ];
  const child = spawn(process.execPath, [...args, 'server/main.ts'], {
    cwd: options.repository ?? REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.hasShiftableClock ? (['ipc'] as const) : [])],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      PORT: String(port),
      HOST: '127.0.0.1',
      DATABASE_URL: options.databaseUrl ?? '',
      WEIR_DATA_DIR: dataFolder,
      WEIR_SCENARIO: 'none',
      LOG_LEVEL: 'warn',
      ...(options.timeZone !== undefined && { TZ: options.timeZone }),
    },
  });
  // The end of a child with a message channel must not end the test.
  child.on('error', () => undefined);
  return child;
}
