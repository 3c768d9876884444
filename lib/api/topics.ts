import { z } from 'zod';
import { type Histogram, histogramSchema, type Topic, topicSchema } from '#contracts/topic.ts';
import { type RequestOptions, request } from './client.ts';

export type HistogramQuery = {
  readonly after: string;
  readonly before: string;
  readonly buckets: number;
};

type Signal = RequestOptions['signal'];

export async function fetchTopics(signal?: Signal): Promise<readonly Topic[]> {
  const page = await request(z.object({ items: z.array(topicSchema) }), '/topics', { signal });
  return page.items;
}

/** Events recorded per bucket, over all topics or one. */
export function fetchHistogram(
  query: HistogramQuery & { readonly topic?: string | undefined },
  signal?: Signal,
): Promise<Histogram> {
  const { topic, ...range } = query;
  const path = topic ? `/topics/${encodeURIComponent(topic)}/histogram` : '/histogram';
  return request(histogramSchema, path, { query: range, signal });
}
