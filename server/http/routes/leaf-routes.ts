import { z } from 'zod';
import { archiveLeafRequestSchema, leafSchema } from '#contracts/leaf.ts';
import { operationSchema } from '#contracts/operation.ts';
import { pageOf } from '#contracts/page.ts';
import { type Leaves, LOCAL_OPERATOR, type Operations } from '#server/engine/engine-parts.ts';
import { json, wholeList } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const TAG = 'Log';
const leafParams = z.object({ from: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const answers = {
  202: { description: 'Under way', schema: operationSchema },
  404: { description: 'No leaf begins there' },
  409: { description: 'Not in its present state; the problem says why' },
};

/** The stretches of the log that are archived, dropped and restored as a whole. */
export function addLeafRoutes(
  router: Router,
  { leaves, operations }: { readonly leaves: Leaves; readonly operations: Operations },
): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/log/leaves',
      tag: TAG,
      summary: 'List the leaves of the log, oldest first',
      answers: { 200: { description: 'All leaves, dropped ones too', schema: pageOf(leafSchema) } },
    },
    async () => wholeList(await leaves.list()),
  );
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/log/leaves/{from}/archive',
      tag: TAG,
      summary: 'Write a sealed leaf to a file, and with `drop` take the oldest one out of the log',
      params: leafParams,
      body: archiveLeafRequestSchema,
      answers,
    },
    async ({ params, body }) =>
      json(202, await operations.archiveLeaf(params.from, body, LOCAL_OPERATOR)),
  );
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/log/leaves/{from}/restore',
      tag: TAG,
      summary: 'Bring a dropped leaf back from its file; it must border on the log',
      params: leafParams,
      body: z.strictObject({}),
      answers,
    },
    async ({ params }) => json(202, await operations.restoreLeaf(params.from, LOCAL_OPERATOR)),
  );
}
