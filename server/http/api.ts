import { type OpenAPIHono } from '@hono/zod-openapi';
import { type Engine } from '#server/engine/engine.ts';
import { type Logger } from '#server/engine/logger.ts';
import { type ScenarioControl } from '#server/engine/scenario-control.ts';
import { type Service } from '#server/engine/service.ts';
import { type ApiEnv } from './request.ts';
import { createRequestGuard } from './request-guard.ts';
import { createRouter } from './router.ts';
import { addDeadLetterRoutes } from './routes/dead-letter-routes.ts';
import { addDocumentationRoutes } from './routes/documentation-routes.ts';
import { addEventRoutes } from './routes/event-routes.ts';
import { addGithubRoutes } from './routes/github-routes.ts';
import { addHealthRoutes } from './routes/health-routes.ts';
import { addLeafRoutes } from './routes/leaf-routes.ts';
import { addMeasurementRoutes } from './routes/measurement-routes.ts';
import { addOperationRoutes } from './routes/operation-routes.ts';
import { addPublishRoutes } from './routes/publish-routes.ts';
import { addPullRoutes } from './routes/pull-routes.ts';
import { addScenarioRoutes } from './routes/scenario-routes.ts';
import { addStreamRoutes } from './routes/stream-routes.ts';
import { addSubscriptionRoutes } from './routes/subscription-routes.ts';
import { addTopicRoutes } from './routes/topic-routes.ts';

export type ApiConfig = {
  readonly version: string;
  /** Secret of the GitHub webhook; without one its signature is not asked for. */
  readonly githubSecret?: string | undefined;
  /** Bound to this machine alone: then a foreign Host header is refused. */
  readonly loopbackOnly: boolean;
  /** One debug line per request. */
  readonly accessLog?: boolean;
};

/** The faces of the engine that HTTP shows. */
export type ApiEngine = Omit<Engine, keyof Service | 'nodes' | 'scenarioStore'>;

export type ApiDependencies = {
  readonly engine: ApiEngine;
  readonly scenarios: ScenarioControl;
  readonly config: ApiConfig;
  readonly logger: Logger;
};

/**
 * The HTTP interface as one Hono app without a port. Promises: every failure is a problem document whose status follows from
 * the engine's error code; nothing is buffered beyond the limits of contracts; the OpenAPI document is made of the schemas that validate.
 */
export function createApi(dependencies: ApiDependencies): OpenAPIHono<ApiEnv> {
  const { engine, scenarios, config, logger } = dependencies;
  const router = createRouter({
    guard: createRequestGuard(config),
    logger,
    accessLog: config.accessLog ?? false,
  });
  addPublishRoutes(router, engine.publisher);
  addEventRoutes(router, engine);
  addGithubRoutes(router, { publisher: engine.publisher, secret: config.githubSecret });
  addStreamRoutes(router, engine);
  addTopicRoutes(router, engine);
  addMeasurementRoutes(router, engine);
  addSubscriptionRoutes(router, engine.broker);
  addPullRoutes(router, engine.broker);
  addDeadLetterRoutes(router, engine);
  addOperationRoutes(router, engine.operations);
  addLeafRoutes(router, engine);
  addScenarioRoutes(router, scenarios);
  addHealthRoutes(router, { ...engine, version: config.version });
  addDocumentationRoutes(router, config.version);
  return router.app;
}
