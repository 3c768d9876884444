import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';
import { buildWhenChanged } from './build.ts';
import { whenEntry } from './entry.ts';
import { repositoryRoot } from './run.ts';

const DEFAULT_NODES = 3;
const MAX_NODES = 8;
const FIRST_PORT = 3_000;
/** A server ends its work within nine seconds; one that does not is cut off. */
const STOP_WITHIN_MS = 12_000;

/** Several servers on one embedded Postgres, each with a data folder, a name and a port of its own. Ends with them. */
export async function cluster(count: number): Promise<void> {
  await buildWhenChanged();
  const dataFolder = process.env['WEIR_DATA_DIR'] ?? join(repositoryRoot, '.weir');
  const postgres = await startEmbeddedPostgres({
    dataFolder,
    onNotice: (message) => console.log(`  ${message}`),
  });
  const firstPort = Number(process.env['PORT'] ?? FIRST_PORT);
  const servers = Array.from({ length: count }, (_, index) =>
    startServer({
      name: `node-${index + 1}`,
      PORT: String(firstPort + index),
      WEIR_DATA_DIR: join(dataFolder, 'nodes', String(index + 1)),
      DATABASE_URL: postgres.url,
    }),
  );
  const stop = () => {
    for (const server of servers) server.kill('SIGTERM');
    setTimeout(() => {
      for (const server of servers) server.kill('SIGKILL');
    }, STOP_WITHIN_MS).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.on('exit', resolve))));
  await postgres.stop();
}

function startServer({
  name,
  ...env
}: Readonly<Record<string, string>> & { readonly name: string }): ChildProcess {
  // In a group of its own: Ctrl-C reaches this script alone, which tells the servers.
  const server = spawn(process.execPath, [join(repositoryRoot, 'server/main.ts')], {
    cwd: repositoryRoot,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const say = (chunk: Buffer): void => {
    for (const line of chunk.toString('utf8').trimEnd().split('\n'))
      process.stdout.write(`${name}: ${line}\n`);
  };
  server.stdout.on('data', say);
  server.stderr.on('data', say);
  server.on('exit', (code) => process.stdout.write(`${name}: ended (${code ?? 'killed'})\n`));
  return server;
}

await whenEntry(import.meta.url, async () => {
  const asked = Number(process.argv[2] ?? DEFAULT_NODES);
  const isMeant = Number.isInteger(asked) && asked >= 1 && asked <= MAX_NODES;
  if (!isMeant)
    throw new Error(`Say how many servers, from 1 to ${MAX_NODES}: npm run cluster -- 3`);
  await cluster(asked);
});
