// The only composition: settings → database → engine → API, sockets and scenarios → pages → listen. It stops in
// reverse. It listens before the database is there, so that /healthz and /readyz tell from the first moment.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import next from 'next';
import { pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { conciseError } from './concise-error.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { systemClock } from './engine/clock.ts';
import { createEngine } from './engine/engine.ts';
import { type Service, stopAll } from './engine/service.ts';
import { createApi } from './http/api.ts';
import { createScenarios } from './scenarios/scenarios.ts';
import { createSocketServer } from './socket/socket-server.ts';
import { startDatabase } from './start-database.ts';
import { SetupError } from './storage/setup-error.ts';
import { createWebServer, type Listener } from './web-server.ts';

const STOP_TIMEOUT_MS = 9_000;
const REPOSITORY = join(import.meta.dirname, '..');

const isDevelopment = process.argv.includes('--dev');
const say = (message: string) => process.stdout.write(`${message}\n`);

function readConfig(): Config {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

const config = readConfig();
const logger = pino(
  {
    level: config.logLevel,
    base: null,
    serializers: {
      err: (error: unknown) => conciseError(error),
      error: (error: unknown) => conciseError(error),
    },
  },
  pino.destination(2),
);
const interrupted = new AbortController();
const web = createWebServer();
// What runs behind the web server and in front of it, in the order it was started.
const behind: Service[] = [];
const inFront: Service[] = [
  { name: 'web', start: () => Promise.resolve(), stop: () => web.close() },
];

async function start(): Promise<void> {
  const port = await web.listen(config.port, config.host);
  const pages = startPages(port);
  const { database, nodeId } = await startDatabase({
    ...config,
    clock: systemClock,
    log: logger,
    onProgress: (message) => say(`  ${message} …`),
    started: behind,
    signal: interrupted.signal,
  });
  const engine = createEngine({
    database,
    clock: systemClock,
    random: Math.random,
    logger,
    nodeId,
    version: packageJson.version,
    autoCreateTopics: true,
    archiveFolder: join(config.dataFolder, 'archive'),
  });
  const scenarios = createScenarios({
    engine,
    clock: systemClock,
    random: Math.random,
    logger,
    initial: config.scenario ?? null,
  });
  await startInOrder(engine, behind);
  await startInOrder(scenarios.service, behind);
  const api = createApi({
    engine,
    scenarios: scenarios.control,
    logger,
    config: {
      version: packageJson.version,
      githubSecret: config.githubSecret,
      loopbackOnly: true,
      accessLog: config.logLevel === 'debug',
    },
  });
  const listener = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  web.setApi((request, response) => void listener(request, response));
  const sockets = createSocketServer({
    httpServer: web.server,
    engine,
    pool: database.pool,
    logger,
    clock: systemClock,
    random: Math.random,
    allowedHosts: [],
  });
  await startInOrder(sockets, inFront);
  web.setPages(await pages);
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  say(`Weir is running at http://${host}:${port}`);
}

/** Next, as a request listener. */
async function startPages(port: number): Promise<Listener> {
  const app = next({
    dev: isDevelopment,
    dir: REPOSITORY,
    hostname: config.host,
    port,
    quiet: !isDevelopment,
    // Next answers upgrade requests of the server it is given. Hot reload needs that; in production nothing does, and
    // what it would do with a stranger's upgrade has been a hole before: it gets a server that never listens.
    httpServer: isDevelopment ? web.server : createServer(),
  });
  await app.prepare();
  behind.unshift({ name: 'pages', start: () => Promise.resolve(), stop: () => app.close() });
  const handle = app.getRequestHandler();
  return (request, response) => void handle(request, response);
}

async function startInOrder(service: Service, list: Service[]): Promise<void> {
  await service.start();
  list.push(service);
}

let stopping = false;

/** Stops in reverse and ends the process; asked a second time, it ends the process at once. */
function stop(exitCode: number): void {
  if (stopping) process.exit(1);
  stopping = true;
  interrupted.abort();
  setTimeout(() => {
    logger.error(
      {},
      'Stopping took too long; what is left is cut off. Nothing acknowledged is lost.',
    );
    process.exit(1);
  }, STOP_TIMEOUT_MS).unref();
  starting
    .catch(() => undefined)
    .then(() => stopAll([...behind, ...inFront]))
    .then(
      () => process.exit(exitCode),
      (error: unknown) => {
        logger.error({ err: error }, 'Weir did not stop cleanly.');
        process.exit(1);
      },
    );
}

function fail(error: unknown): void {
  if (stopping) return;
  process.stderr.write(`Weir cannot start: ${describe(error)}\n`);
  stop(1);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `port ${config.port} of ${config.host} is taken. Stop what uses it, or choose another by PORT.`;
  }
  return error instanceof SetupError ? error.message : (error.stack ?? error.message);
}

process.on('SIGTERM', () => stop(0));
process.on('SIGINT', () => stop(0));
process.on('uncaughtException', (error) => {
  logger.error(
    { err: error },
    'An error that nobody caught: Weir stops, and nothing acknowledged is lost.',
  );
  stop(1);
});
const starting = start();
starting.catch(fail);
