import { z } from 'zod';
import {
  deadLetterGroupSchema,
  deadLetterQuerySchema,
  deadLetterSchema,
  discardLetterRequestSchema,
  patchGroupRequestSchema,
  redriveRequestSchema,
  retryLetterRequestSchema,
} from '#contracts/dead-letter.ts';
import { operationPlanSchema, operationSchema } from '#contracts/operation.ts';
import { pageOf } from '#contracts/page.ts';
import { type DeadLetters, LOCAL_OPERATOR, type Operations } from '#server/engine/engine-parts.ts';
import { invalidRequest } from '../invalid-request.ts';
import { json, wholeList } from '../reply.ts';
import { nothing, type Router } from '../router.ts';
import { operationReply } from './operation-routes.ts';

const TAG = 'Dead letters';
const letterParams = z.object({ id: z.string().min(1).max(64) });
const groupParams = z.object({ fingerprint: z.string().min(1).max(64) });
const answersOne = { 200: { description: 'The letter', schema: deadLetterSchema } };

type Parts = { readonly deadLetters: DeadLetters; readonly operations: Operations };

/** Dead letters: what failed for good, why, and what to do with it. */
export function addDeadLetterRoutes(router: Router, { deadLetters, operations }: Parts): void {
  addGroupRoutes(router, deadLetters);
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/dead-letters/redrive',
      tag: TAG,
      summary: 'Give letters to their consumers again, as an operation',
      body: redriveRequestSchema,
      answers: {
        200: { description: 'The plan, with `dryRun`', schema: operationPlanSchema },
        202: { description: 'Under way', schema: operationSchema },
      },
    },
    async ({ body }) => {
      if (body.ids?.length === 0) throw invalidRequest('ids', 'must not be empty');
      if (body.filter !== undefined && Object.keys(body.filter).length === 0)
        throw invalidRequest('filter', 'must not be empty: it would redrive every letter');
      return operationReply(await operations.redrive(body, LOCAL_OPERATOR));
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/dead-letters',
      tag: TAG,
      summary: 'List letters, newest first',
      query: deadLetterQuerySchema,
      answers: { 200: { description: 'A page of letters', schema: pageOf(deadLetterSchema) } },
    },
    async ({ query }) => json(200, await deadLetters.list(query)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/dead-letters/{id}',
      tag: TAG,
      summary: 'One letter with every attempt',
      params: letterParams,
      answers: answersOne,
    },
    async ({ params }) => json(200, await deadLetters.get(params.id)),
  );
  addDecisionRoutes(router, deadLetters);
}

function addDecisionRoutes(router: Router, deadLetters: DeadLetters): void {
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/dead-letters/{id}/retry',
      tag: TAG,
      summary: 'Deliver it again, with edited data when given',
      params: letterParams,
      body: retryLetterRequestSchema,
      answers: answersOne,
    },
    async ({ params, body }) =>
      json(200, await deadLetters.retry(params.id, body.data, LOCAL_OPERATOR)),
  );
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/dead-letters/{id}/discard',
      tag: TAG,
      summary: 'Give it up, with a reason',
      params: letterParams,
      body: discardLetterRequestSchema,
      answers: answersOne,
    },
    async ({ params, body }) =>
      json(200, await deadLetters.discard(params.id, body.reason, LOCAL_OPERATOR)),
  );
}

function addGroupRoutes(router: Router, deadLetters: DeadLetters): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/dead-letters/groups',
      tag: TAG,
      summary: 'Letters grouped by cause',
      answers: { 200: { description: 'Groups', schema: pageOf(deadLetterGroupSchema) } },
    },
    async () => wholeList(await deadLetters.groups()),
  );
  router.route(
    {
      ...nothing,
      method: 'patch',
      path: '/api/v1/dead-letters/groups/{fingerprint}',
      tag: TAG,
      summary: 'Change the status or the note of a group',
      params: groupParams,
      body: patchGroupRequestSchema,
      answers: { 200: { description: 'The group', schema: deadLetterGroupSchema } },
    },
    async ({ params, body }) =>
      json(200, await deadLetters.patchGroup(params.fingerprint, body, LOCAL_OPERATOR)),
  );
}
