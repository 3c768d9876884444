import { z } from 'zod';
import { MAX_ATTRIBUTE_LENGTH, MAX_BATCH_BYTES } from '#contracts/event.ts';
import { cursorSchema, limitSchema, pageOf } from '#contracts/page.ts';
import {
  appendRequestSchema,
  appendResponseSchema,
  streamPageSchema,
  streamQuerySchema,
  streamSchema,
} from '#contracts/stream.ts';
import { type EventReader, type Publisher } from '#server/engine/engine-parts.ts';
import { eventInput } from '../publishing/json-mode.ts';
import { json } from '../reply.ts';
import { nothing, type Router } from '../router.ts';

const text = z.string().min(1).max(MAX_ATTRIBUTE_LENGTH);
const streamParams = z.object({ streamId: text });
const streamsQuery = z.object({
  category: text.optional(),
  prefix: text.optional(),
  limit: limitSchema,
  cursor: cursorSchema,
});

/** The event store: streams with versions. */
export function addStreamRoutes(
  router: Router,
  { publisher, reader }: { readonly publisher: Publisher; readonly reader: EventReader },
): void {
  router.route(
    {
      ...nothing,
      method: 'post',
      path: '/api/v1/streams/{streamId}/events',
      tag: 'Event store',
      summary: 'Append to a stream if it is at the expected version',
      params: streamParams,
      body: appendRequestSchema,
      bodyLimit: { bytes: MAX_BATCH_BYTES, code: 'batch-too-large' },
      answers: {
        201: { description: 'Appended', schema: appendResponseSchema },
        409: { description: 'Another version: `expectedVersion` and `currentVersion` tell' },
      },
    },
    async ({ params, body }) => {
      const { expectedVersion, topic, events } = body;
      const inputs = events.map(eventInput);
      const request = { ...params, expectedVersion, inputs };
      return json(
        201,
        await publisher.appendToStream(topic === undefined ? request : { ...request, topic }),
      );
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/streams/{streamId}/events',
      tag: 'Event store',
      summary: 'Read a stream',
      params: streamParams,
      query: streamQuerySchema,
      answers: { 200: { description: 'Events of the stream', schema: streamPageSchema } },
    },
    async ({ params, query }) => json(200, await reader.stream(params.streamId, query)),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/streams',
      tag: 'Event store',
      summary: 'List streams',
      query: streamsQuery,
      answers: { 200: { description: 'Streams by id', schema: pageOf(streamSchema) } },
    },
    async ({ query }) => json(200, await reader.streams(query)),
  );
}
