import { z } from 'zod';
import { pageOf, timeSchema } from '#contracts/page.ts';
import {
  histogramSchema,
  topicNameSchema,
  topicSchema,
  topicSettingsSchema,
} from '#contracts/topic.ts';
import { LOCAL_OPERATOR, type Timelines, type Topics } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import { json, wholeList } from '../reply.ts';
import { nothing, type Router } from '../router.ts';
import { timeRange } from '../time-range.ts';

const topicParams = z.object({ topic: topicNameSchema });
const histogramQuery = z.object({
  after: timeSchema.optional(),
  before: timeSchema.optional(),
  buckets: z.coerce.number().int().min(1).max(2_000).default(60),
});
const HOUR_MS = 3_600_000;

type Parts = { readonly topics: Topics; readonly timelines: Timelines };

/** Topics and how much was recorded in them when. */
export function addTopicRoutes(router: Router, { topics, timelines }: Parts): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/topics',
      tag: 'Topics',
      summary: 'List topics',
      answers: { 200: { description: 'All topics', schema: pageOf(topicSchema) } },
    },
    async () => wholeList(await topics.list()),
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/topics/{topic}',
      tag: 'Topics',
      summary: 'One topic',
      params: topicParams,
      answers: { 200: { description: 'The topic', schema: topicSchema } },
    },
    async ({ params }) => json(200, await topics.get(params.topic)),
  );
  router.route(
    {
      ...nothing,
      method: 'put',
      path: '/api/v1/topics/{topic}',
      tag: 'Topics',
      summary: 'Create a topic or change its settings',
      params: topicParams,
      body: topicSettingsSchema,
      answers: {
        200: { description: 'Changed', schema: topicSchema },
        201: { description: 'Created', schema: topicSchema },
        409: { description: 'Partitions cannot become fewer' },
      },
    },
    async ({ params, body }) => {
      const { topic, created } = await topics.put(params.topic, body, LOCAL_OPERATOR);
      return json(created ? 201 : 200, topic);
    },
  );
  addHistogramRoutes(router, { topics, timelines });
}

function addHistogramRoutes(router: Router, { topics, timelines }: Parts): void {
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/topics/{topic}/histogram',
      tag: 'Topics',
      summary: 'Events recorded per bucket in a topic',
      params: topicParams,
      query: histogramQuery,
      answers: { 200: { description: 'Counts', schema: histogramSchema } },
    },
    async ({ params: { topic }, query }) => {
      if (topics.find(topic) === undefined)
        throw new EngineError('unknown-topic', `There is no topic ${topic}.`, { topic });
      const { buckets } = query;
      return json(200, await timelines.histogram({ topic, buckets, ...timeRange(query, HOUR_MS) }));
    },
  );
  router.route(
    {
      ...nothing,
      method: 'get',
      path: '/api/v1/histogram',
      tag: 'Topics',
      summary: 'Events recorded per bucket in all topics but those of Weir itself',
      query: histogramQuery,
      answers: { 200: { description: 'Counts', schema: histogramSchema } },
    },
    async ({ query }) => {
      const { buckets } = query;
      const range = timeRange(query, HOUR_MS);
      return json(200, await timelines.histogram({ topic: null, buckets, ...range }));
    },
  );
}
