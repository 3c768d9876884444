import { z } from 'zod';
import { timelineQuerySchema, timelineSchema } from '#contracts/timeline.ts';
import { topologySchema } from '#contracts/topology.ts';
import { type Timelines, type TopologyReader } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { json } from '../reply.ts';
import { nothing, type Router } from '../router.ts';
import { timeRange } from '../time-range.ts';

const topologyQuery = z.object({
  window: z.coerce.number().int().min(1).max(3_600).default(60),
  at: z.string().max(64).optional(),
});

/** What was measured: the graph of real traffic, and what was recorded when. */
export function addMeasurementRoutes(
  router: Router,
  { topology, timelines }: { readonly topology: TopologyReader; readonly timelines: Timelines },
): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/topology',
      tag: 'Measurements',
      summary: 'Producers, topics and consumers as seen in the last `window` seconds',
      query: topologyQuery,
      answers: { 200: { description: 'The graph', schema: topologySchema } },
    },
    async ({ query }) => {
      if (query.at !== undefined)
        throw new EngineError('not-supported', 'The graph of the past is not available yet.', {
          field: 'at',
        });
      return json(200, await topology.topology(query.window));
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/timeline',
      tag: 'Measurements',
      summary: 'Counts per lane and bucket, by time of recording',
      query: timelineQuerySchema,
      answers: { 200: { description: 'Lanes', schema: timelineSchema } },
    },
    async ({ query }) => {
      const { buckets, lanes } = query;
      return json(200, await timelines.timeline({ buckets, lanes, ...timeRange(query, 0) }));
    },
  );
}
