import { z } from 'zod';
import { pageOf } from '#contracts/page.ts';
import { scenarioSchema, scenarioSettingsSchema } from '#contracts/scenario.ts';
import { type ScenarioControl } from '#server/engine/scenario-control.ts';
import { json, wholeList } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const TAG = 'Scenarios';
const scenarioParams = z.object({ name: z.string().min(1).max(100) });
const answersOne = { 200: { description: 'The scenario', schema: scenarioSchema } };

/** The example systems that come with Weir. */
export function addScenarioRoutes(router: Router, scenarios: ScenarioControl): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/scenarios',
      tag: TAG,
      summary: 'List scenarios',
      answers: { 200: { description: 'All scenarios', schema: pageOf(scenarioSchema) } },
    },
    async () => wholeList(await scenarios.list()),
  );
  router.route(
    {
      ...nothing,
      method: 'put',
      path: '/api/v1/scenarios/{name}',
      tag: TAG,
      summary: 'Change its rate and the faults of its consumers',
      params: scenarioParams,
      body: scenarioSettingsSchema,
      answers: answersOne,
    },
    async ({ params, body }) => json(200, await scenarios.update(params.name, body)),
  );
  for (const verb of ['start', 'stop'] as const)
    router.route(
      {
        ...nothing,
        method: 'post',
        path: `/api/v1/scenarios/{name}/${verb}`,
        tag: TAG,
        summary: verb === 'start' ? 'Start a scenario' : 'Stop a scenario; what it made stays',
        params: scenarioParams,
        body: z.strictObject({}),
        answers: answersOne,
      },
      async ({ params }) => json(200, await scenarios[verb](params.name)),
    );
}
