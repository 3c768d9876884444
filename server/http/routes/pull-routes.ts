import {
  ackRequestSchema,
  ackResponseSchema,
  extendRequestSchema,
  nackRequestSchema,
  receiveRequestSchema,
  receiveResponseSchema,
} from '#contracts/subscription.ts';
import { type Broker } from '#server/engine/engine-parts.ts';
import { json } from '../reply.ts';
import { nothing, type Router } from '../router.ts';
import { subscriptionParams } from './subscription-routes.ts';

const ROOT = '/api/v1/subscriptions/{name}';
const common = {
  ...nothing,
  method: 'post' as const,
  tag: 'Pull delivery',
  params: subscriptionParams,
};
const settled = {
  200: {
    description:
      '`expired` were no longer with this receiver and will come again. What was acknowledged at its first attempt is stored within 100 ms: it comes again when the server is killed before',
    schema: ackResponseSchema,
  },
};

/** Consuming over HTTP: receive, then acknowledge or reject. */
export function addPullRoutes(router: Router, broker: Broker): void {
  router.route(
    {
      ...common,
      path: `${ROOT}/receive`,
      summary: 'Receive deliveries, waiting up to `waitMs` for the first',
      body: receiveRequestSchema,
      answers: { 200: { description: 'Deliveries', schema: receiveResponseSchema } },
    },
    // The signal fires when the client leaves, so that nothing is handed to nobody.
    async ({ params, body, c }) =>
      json(200, { deliveries: await broker.receive(params.name, body, c.req.raw.signal) }),
  );
  router.route(
    {
      ...common,
      path: `${ROOT}/ack`,
      summary: 'Acknowledge deliveries',
      body: ackRequestSchema,
      answers: settled,
    },
    async ({ params, body }) => json(200, await broker.ack(params.name, body.deliveryIds)),
  );
  router.route(
    {
      ...common,
      path: `${ROOT}/nack`,
      summary: 'Reject a delivery: it is retried, or dead when it is not retryable',
      body: nackRequestSchema,
      answers: settled,
    },
    async ({ params, body: { deliveryId, error, retryable, delayMs } }) => {
      const failure =
        typeof error === 'string'
          ? { class: 'Error', message: error, stack: null }
          : { ...error, stack: error.stack ?? null };
      const nack = { deliveryId, error: failure, retryable };
      const request = delayMs === undefined ? nack : { ...nack, delayMs };
      return json(200, await broker.nack(params.name, request));
    },
  );
  router.route(
    {
      ...common,
      path: `${ROOT}/extend`,
      summary: 'Keep deliveries longer',
      body: extendRequestSchema,
      answers: settled,
    },
    async ({ params, body }) =>
      json(200, await broker.extend(params.name, body.deliveryIds, body.byMs)),
  );
}
