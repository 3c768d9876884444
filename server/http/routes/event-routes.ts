import { z } from 'zod';
import {
  causationSchema,
  eventDeliverySchema,
  eventPageSchema,
  eventQuerySchema,
  storedEventSchema,
} from '#contracts/event.ts';
import { pageOf } from '#contracts/page.ts';
import { type Broker, type EventReader } from '#server/engine/engine-parts.ts';
import { type EventLog } from '#server/engine/log/event-log.ts';
import { SYSTEM_TOPIC } from '#server/engine/system/system-events.ts';
import { json, wholeList } from '../reply.ts';
import { headerOf } from '../request.ts';
import { nothing, type Router } from '../router.ts';
import { exportFormatOf, exportReply } from './event-export.ts';
import { addEventStreamRoute } from './event-stream.ts';

const eventParams = z.object({ id: z.string().min(1).max(1_024) });
/** Ids are unique per source; with several sources the newest event is meant unless one is named. */
const sourceQuery = z.object({ source: z.string().min(1).max(1_024).optional() });
const listQuery = eventQuerySchema.extend({ format: z.enum(['json', 'ndjson', 'csv']).optional() });

type Parts = { readonly log: EventLog; readonly reader: EventReader; readonly broker: Broker };

/** Reading what was logged. */
export function addEventRoutes(router: Router, { log, reader, broker }: Parts): void {
  addEventStreamRoute(router, { log, reader });
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/events',
      tag: 'Events',
      summary: 'Query events',
      description:
        '`Accept: application/x-ndjson` or `text/csv` (or `format=ndjson|csv`) streams all matches; `limit` and `cursor` do not apply then.',
      query: listQuery,
      answers: { 200: { description: 'A page of events', schema: eventPageSchema } },
    },
    async ({ query: { format, ...query }, c }) => {
      const exported = format ?? exportFormatOf(headerOf(c, 'accept')) ?? 'json';
      if (exported === 'json') return json(200, await reader.query(query));
      return exportReply(reader, query, exported);
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/events/{id}',
      tag: 'Events',
      summary: 'One event',
      params: eventParams,
      query: sourceQuery,
      answers: { 200: { description: 'The event', schema: storedEventSchema } },
    },
    async ({ params, query }) => json(200, await reader.get(params.id, query.source)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/events/{id}/deliveries',
      tag: 'Events',
      summary: 'How every subscription stands to an event',
      params: eventParams,
      answers: { 200: { description: 'Deliveries', schema: pageOf(eventDeliverySchema) } },
    },
    async ({ params }) => wholeList(await broker.deliveriesOf(params.id)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/events/{id}/causation',
      tag: 'Events',
      summary: 'What an event came from and what came of it',
      params: eventParams,
      answers: { 200: { description: 'Events of one correlation', schema: causationSchema } },
    },
    async ({ params }) => json(200, await reader.causation(params.id)),
  );
  addAuditRoute(router, reader);
}

const auditQuery = eventQuerySchema.omit({ topic: true, partition: true, stream: true });

/** The audit trail is the `$system` topic, newest first unless asked otherwise. */
function addAuditRoute(router: Router, reader: EventReader): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/audit',
      tag: 'Operating',
      summary: 'Who changed what, newest first',
      query: auditQuery.extend({ direction: z.enum(['forward', 'backward']).default('backward') }),
      answers: { 200: { description: 'A page of control-plane events', schema: eventPageSchema } },
    },
    async ({ query }) => json(200, await reader.query({ ...query, topic: [SYSTEM_TOPIC] })),
  );
}
