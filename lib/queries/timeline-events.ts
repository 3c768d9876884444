import { queryOptions } from '@tanstack/react-query';
import { type StoredEvent } from '#contracts/event.ts';
import { PAGE_LIMIT_MAX } from '#contracts/page.ts';
import { fetchEvents } from '#lib/api/events.ts';
import { queryKeys } from './query-keys.ts';

/** Events recorded later than this before the end of a piece may still arrive in it. */
const CLOSED_AFTER_MS = 3_000;
const REFRESH_MS = 1_000;
/** Pages of one piece; a piece with more is drawn as bars anyway. */
const MAX_PAGES = 6;

const fetchAll = async (
  after: string,
  before: string,
  signal: AbortSignal,
): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await fetchEvents(
      { after, before, timeField: 'recorded', limit: PAGE_LIMIT_MAX, cursor },
      signal,
    );
    events.push(...answer.items);
    if (answer.nextCursor === null) break;
    cursor = answer.nextCursor;
  }
  return events;
};

/** Every event recorded in a fixed piece of time, oldest first. A piece that is over never changes and is asked for once. */
export function recordedEventsQuery(piece: { readonly from: number; readonly to: number }) {
  const after = new Date(piece.from).toISOString();
  const before = new Date(piece.to).toISOString();
  const isClosed = piece.to + CLOSED_AFTER_MS < Date.now();
  return queryOptions({
    queryKey: [...queryKeys.timeline.all, 'events', after, before] as const,
    queryFn: ({ signal }) => fetchAll(after, before, signal),
    staleTime: isClosed ? Number.POSITIVE_INFINITY : 0,
    refetchInterval: isClosed ? false : REFRESH_MS,
  });
}
