import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { fetchTimeline, type TimelineSearch } from '#lib/api/timeline.ts';
import { queryKeys } from './query-keys.ts';

/** The last answer stays on screen while the next range loads. */
export function timelineQuery(search: TimelineSearch) {
  return queryOptions({
    queryKey: queryKeys.timeline.range(search),
    queryFn: ({ signal }) => fetchTimeline(search, signal),
    placeholderData: keepPreviousData,
  });
}
