import { z } from 'zod';
import { pageOf, timeSchema } from '#contracts/page.ts';
import {
  consumerHistorySchema,
  lagSchema,
  resetRequestSchema,
  resetResponseSchema,
  subscriptionNameSchema,
  subscriptionSchema,
  subscriptionSettingsSchema,
} from '#contracts/subscription.ts';
import { type Broker, LOCAL_OPERATOR } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { json, noContent, wholeList } from '../reply.ts';
import { nothing, type Router } from '../router.ts';
import { timeRange } from '../time-range.ts';

const TAG = 'Subscriptions';
const ROOT = '/api/v1/subscriptions/{name}';
export const subscriptionParams = z.object({ name: subscriptionNameSchema });
const answersOne = { 200: { description: 'The subscription', schema: subscriptionSchema } };

/** Subscriptions: their settings, state and place in the log. */
export function addSubscriptionRoutes(router: Router, broker: Broker): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/subscriptions',
      tag: TAG,
      summary: 'List subscriptions',
      answers: { 200: { description: 'All subscriptions', schema: pageOf(subscriptionSchema) } },
    },
    async () => wholeList(await broker.list()),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: ROOT,
      tag: TAG,
      summary: 'One subscription',
      params: subscriptionParams,
      answers: answersOne,
    },
    async ({ params }) => json(200, await broker.get(params.name)),
  );
  router.route(
    {
      ...nothing,
      method: 'put',
      path: ROOT,
      tag: TAG,
      summary: 'Create a subscription or change its settings',
      params: subscriptionParams,
      body: subscriptionSettingsSchema,
      answers: { ...answersOne, 201: { description: 'Created', schema: subscriptionSchema } },
    },
    async ({ params, body }) => {
      const { subscription, created } = await broker.put(params.name, body, LOCAL_OPERATOR);
      return json(created ? 201 : 200, subscription);
    },
  );
  router.route(
    {
      ...nothing,
      method: 'delete',
      path: ROOT,
      tag: TAG,
      summary: 'Remove a subscription with its offsets and letters',
      params: subscriptionParams,
      answers: { 204: { description: 'Removed' } },
    },
    async ({ params }) => {
      await broker.remove(params.name, LOCAL_OPERATOR);
      return noContent;
    },
  );
  addSteeringRoutes(router, broker);
  addProgressRoutes(router, broker);
}

const breakerRequest = z.strictObject({ state: z.enum(['open', 'closed']) });

function addSteeringRoutes(router: Router, broker: Broker): void {
  for (const verb of ['pause', 'resume'] as const)
    router.route(
      {
        ...nothing,
        method: 'post',
        path: `${ROOT}/${verb}`,
        tag: TAG,
        summary: verb === 'pause' ? 'Stop delivering' : 'Deliver again',
        params: subscriptionParams,
        answers: answersOne,
      },
      async ({ params }) => json(200, await broker[verb](params.name, LOCAL_OPERATOR)),
    );
  router.route(
    {
      ...nothing,
      method: 'post',
      path: `${ROOT}/breaker`,
      tag: TAG,
      summary: 'Open or close the breaker by hand',
      params: subscriptionParams,
      body: breakerRequest,
      answers: answersOne,
    },
    async ({ params, body }) =>
      json(200, await broker.setBreaker(params.name, body.state, LOCAL_OPERATOR)),
  );
  router.route(
    {
      ...nothing,
      method: 'post',
      path: `${ROOT}/reset`,
      tag: TAG,
      summary: 'Move the offsets, or with `dryRun` show what that would do',
      params: subscriptionParams,
      body: resetRequestSchema,
      answers: { 200: { description: 'Before and after', schema: resetResponseSchema } },
    },
    async ({ params, body }) =>
      json(200, await broker.reset(params.name, body.to, body.dryRun, LOCAL_OPERATOR)),
  );
}

const lagQuery = z.object({ at: z.string().max(64).optional() });
const historyQuery = z.object({
  after: timeSchema.optional(),
  before: timeSchema.optional(),
  /** Seconds per sample. */
  step: z.coerce.number().min(1).max(86_400).optional(),
  stepMs: z.coerce.number().int().min(1_000).max(86_400_000).optional(),
});
const HISTORY_SPAN_MS = 15 * 60_000;

function addProgressRoutes(router: Router, broker: Broker): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: `${ROOT}/lag`,
      tag: TAG,
      summary: 'How far behind it is, per partition',
      params: subscriptionParams,
      query: lagQuery,
      answers: { 200: { description: 'Lag in events and in time', schema: lagSchema } },
    },
    async ({ params, query }) => {
      if (query.at !== undefined)
        throw new EngineError('not-supported', 'Lag of the past is not available yet.', {
          field: 'at',
        });
      return json(200, await broker.lag(params.name));
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: `${ROOT}/history`,
      tag: TAG,
      summary: 'Samples over time; `step` in seconds (or `stepMs`)',
      params: subscriptionParams,
      query: historyQuery,
      answers: { 200: { description: 'Samples', schema: consumerHistorySchema } },
    },
    async ({ params, query }) => {
      const range = timeRange(query, HISTORY_SPAN_MS);
      const stepMs = query.stepMs ?? (query.step === undefined ? undefined : query.step * 1_000);
      const request = stepMs === undefined ? range : { ...range, stepMs };
      return json(200, await broker.history(params.name, request));
    },
  );
}
