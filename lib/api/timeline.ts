import { type Timeline, timelineSchema } from '#contracts/timeline.ts';
import { type RequestOptions, request } from './client.ts';

export type TimelineLanes = 'topic' | 'type' | 'consumer';
export type TimelineSearch = {
  readonly after: string;
  readonly before: string;
  readonly buckets: number;
  readonly lanes: TimelineLanes;
};

/** Counts per lane and bucket, by time of recording. */
export function fetchTimeline(
  search: TimelineSearch,
  signal?: RequestOptions['signal'],
): Promise<Timeline> {
  return request(timelineSchema, '/timeline', { query: search, signal });
}
