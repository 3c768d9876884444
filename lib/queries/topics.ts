import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { fetchHistogram, fetchTopics, type HistogramQuery } from '#lib/api/topics.ts';
import { queryKeys } from './query-keys.ts';

const TOPICS_REFRESH_MS = 10_000;
const ACTIVITY_REFRESH_MS = 10_000;

export function topicsQuery() {
  return queryOptions({
    queryKey: queryKeys.topics.list,
    queryFn: ({ signal }) => fetchTopics(signal),
    refetchInterval: TOPICS_REFRESH_MS,
  });
}

/** Volume of a fixed range, over all topics or one. */
export function histogramQuery(query: HistogramQuery & { readonly topic?: string | undefined }) {
  const range = `${query.after}/${query.before}`;
  return queryOptions({
    queryKey: queryKeys.topics.histogram(query.topic ?? null, range, query.buckets),
    queryFn: ({ signal }) => fetchHistogram(query, signal),
    placeholderData: keepPreviousData,
  });
}

/** Volume of the last `spanMs` up to now, refreshed as time goes. */
export function activityQuery(spanMs: number, buckets: number) {
  return queryOptions({
    queryKey: queryKeys.topics.histogram(null, `last-${spanMs}`, buckets),
    queryFn: ({ signal }) => {
      const before = Date.now();
      return fetchHistogram(
        {
          after: new Date(before - spanMs).toISOString(),
          before: new Date(before).toISOString(),
          buckets,
        },
        signal,
      );
    },
    refetchInterval: ACTIVITY_REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}
