import { z } from 'zod';
import {
  type Operation,
  type OperationPlan,
  operationPlanSchema,
  operationQuerySchema,
  operationSchema,
  replayRequestSchema,
} from '#contracts/operation.ts';
import { pageOf } from '#contracts/page.ts';
import { LOCAL_OPERATOR, type Operations } from '#server/engine/engine-parts.ts';
import { json, type Reply } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const TAG = 'Operations';
const operationParams = z.object({ id: z.string().min(1).max(64) });
const answersOne = { 200: { description: 'The operation', schema: operationSchema } };
const summaries = {
  pause: 'Hold an operation where it is',
  resume: 'Go on with a paused operation',
  cancel: 'End an operation; what is done stays done',
} as const;

/** Durable work over many events: replays and redrives. */
export function addOperationRoutes(router: Router, operations: Operations): void {
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/replays',
      tag: TAG,
      summary: 'Deliver a range of history to one target, as an operation',
      body: replayRequestSchema,
      answers: {
        200: { description: 'The plan, with `dryRun`', schema: operationPlanSchema },
        202: { description: 'Under way', schema: operationSchema },
      },
    },
    async ({ body }) => operationReply(await operations.replay(body, LOCAL_OPERATOR)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/operations',
      tag: TAG,
      summary: 'List operations, newest first',
      query: operationQuerySchema,
      answers: { 200: { description: 'A page of operations', schema: pageOf(operationSchema) } },
    },
    async ({ query }) => json(200, await operations.list(query)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/operations/{id}',
      tag: TAG,
      summary: 'One operation',
      params: operationParams,
      answers: answersOne,
    },
    async ({ params }) => json(200, await operations.get(params.id)),
  );
  for (const verb of ['pause', 'resume', 'cancel'] as const)
    router.route(
      {
        ...nothing,
        method: 'post',
        path: `/api/v1/operations/{id}/${verb}`,
        tag: TAG,
        summary: summaries[verb],
        params: operationParams,
        answers: answersOne,
      },
      async ({ params }) => json(200, await operations[verb](params.id, LOCAL_OPERATOR)),
    );
}

/** 202 for work that was accepted; 200 for a plan, which stores nothing. */
export function operationReply(result: Operation | OperationPlan): Reply {
  return json('dryRun' in result ? 200 : 202, result);
}
