import { type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { EngineError } from '#server/engine/errors.ts';
import { type Logger, silentLogger } from '#server/engine/logger.ts';
import { type ScenarioControl } from '#server/engine/scenario-control.ts';
import { type ApiConfig, createApi } from '#server/http/api.ts';
import { createTestEngine, type TestEngine } from './test-engine.ts';

export type TestApi = TestEngine & {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
};

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
  } = {},
): Promise<TestApi> {
  const logger = options.logger ?? silentLogger;
  const engine = await createTestEngine({
    logger,
    autoCreateTopics: options.autoCreateTopics ?? true,
  });
  const api = createApi({
    engine: engine.engine,
    scenarios: options.scenarios ?? noScenarios,
    config: { version: 'test', loopbackOnly: true, ...options.config },
    logger,
  });
  const server = createAdaptorServer({ fetch: api.fetch });
  const port = await listen(server as Server);
  return {
    ...engine,
    url: `http://127.0.0.1:${port}`,
    drop: async () => {
      await close(server as Server);
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
