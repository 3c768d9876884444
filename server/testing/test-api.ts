import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { EngineError } from '#server/engine/errors.ts';
import { type Logger, silentLogger } from '#server/engine/logger.ts';
import { type ScenarioControl } from '#server/engine/scenario-control.ts';
import { type ApiConfig, createApi } from '#server/http/api.ts';
import { createTestEngine, type TestEngine } from './test-engine.ts';

export type TestApi = TestEngine & {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
};

const KEEP_ALIVE_MS = 120_000;

const noScenario = (name: string) =>
  Promise.reject(new EngineError('unknown-scenario', `There is no scenario ${name}.`));
const noScenarios: ScenarioControl = {
  list: () => Promise.resolve([]),
  start: noScenario,
  stop: noScenario,
  update: noScenario,
};

/** The HTTP interface of a test engine on a port of its own, as outside programs meet it. */
export async function createTestApi(
  options: {
    readonly config?: Partial<ApiConfig>;
    readonly scenarios?: ScenarioControl;
    readonly logger?: Logger;
    readonly autoCreateTopics?: boolean;
    readonly leafPositions?: number;
    readonly archiveFolder?: string;
  } = {},
): Promise<TestApi> {
  const logger = options.logger ?? silentLogger;
  const { leafPositions, archiveFolder } = options;
  const engine = await createTestEngine({
    ...(leafPositions === undefined ? {} : { leafPositions }),
    ...(archiveFolder === undefined ? {} : { archiveFolder }),
    logger,
    autoCreateTopics: options.autoCreateTopics ?? true,
  });
  const api = createApi({
    engine: engine.engine,
    scenarios: options.scenarios ?? noScenarios,
    config: { version: 'test', loopbackOnly: true, ...options.config },
    logger,
  });
  // Longer than any pause of a test on a busy machine, so that a client never reuses a connection that is being closed.
  const listener = getRequestListener(api.fetch);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    void listener(incoming, outgoing);
  });
  const port = await listen(server);
  return {
    ...engine,
    url: `http://127.0.0.1:${port}`,
    drop: async () => {
      await close(server);
      await engine.drop();
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the server has no port'));
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
