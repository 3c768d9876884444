import { z } from 'zod';
import { publishResponseSchema } from '#contracts/event.ts';
import { type Publisher } from '#server/engine/engine-parts.ts';
import { invalidRequest } from '../invalid-request.ts';
import { readPublishRequest } from '../publishing/publish-request.ts';
import { json, type Reply } from '../reply.ts';
import { type RawRouteSpec, type Router } from '../router.ts';

/** An event as a producer writes it; checked by engine/publishing, shown here for the documentation. */
const eventBody = z.looseObject({
  specversion: z.literal('1.0').optional(),
  id: z.string().optional(),
  source: z.string().optional(),
  type: z.string(),
  subject: z.string().optional(),
  time: z.string().optional(),
  datacontenttype: z.string().optional(),
  dataschema: z.string().optional(),
  partitionkey: z.string().optional(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
  data: z.unknown().optional(),
  data_base64: z.string().optional(),
});

const documentation = {
  method: 'post',
  tag: 'Publishing',
  description:
    'CloudEvents 1.0 structured, batched or binary (`ce-*` headers), or plain JSON where only `type` is needed. Bodies may be gzip. `Idempotency-Key` is an alias of the id of a single event.',
  bodies: {
    'application/cloudevents+json': eventBody,
    'application/cloudevents-batch+json': z.array(eventBody),
    'application/json': z.union([eventBody, z.array(eventBody)]),
  },
  answers: {
    201: {
      description:
        'Durably stored; `duplicate` repeats the first answer for the same source and id',
      schema: publishResponseSchema,
    },
  },
} satisfies Partial<RawRouteSpec>;

/** Publishing. These routes bypass zod: they are the hot path, and engine/publishing checks by hand. */
export function addPublishRoutes(router: Router, publisher: Publisher): void {
  router.raw(
    {
      ...documentation,
      path: '/api/v1/topics/{topic}/events',
      summary: 'Publish to a topic',
      params: z.object({ topic: z.string() }),
    },
    async (c): Promise<Reply> => {
      const topic = c.req.param('topic');
      if (topic === undefined) throw invalidRequest('topic', 'is missing');
      const { inputs, batch } = await readPublishRequest(c);
      return json(201, { events: await publisher.publish({ topic, inputs, batch }) });
    },
  );
  router.raw(
    {
      ...documentation,
      path: '/api/v1/events',
      summary: 'Publish; the topic follows from the type (`order.placed` → `order`)',
    },
    async (c): Promise<Reply> => {
      const { inputs, batch } = await readPublishRequest(c);
      return json(201, { events: await publisher.publish({ inputs, batch }) });
    },
  );
}
