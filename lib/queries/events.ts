import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import {
  type EventSearch,
  fetchEvent,
  fetchEventCausation,
  fetchEventDeliveries,
  fetchEvents,
} from '#lib/api/events.ts';
import { queryKeys } from './query-keys.ts';

const DELIVERIES_REFRESH_MS = 3_000;

/** Pages of a search, newest first unless the search says otherwise. */
export function eventsQuery(search: EventSearch) {
  return infiniteQueryOptions({
    queryKey: queryKeys.events.list(search),
    queryFn: ({ pageParam, signal }) =>
      fetchEvents({ direction: 'backward', ...search, cursor: pageParam }, signal),
    initialPageParam: firstPage(),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

/** An event never changes once recorded. */
export function eventQuery(id: string) {
  return queryOptions({
    queryKey: queryKeys.events.one(id),
    queryFn: ({ signal }) => fetchEvent(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function eventDeliveriesQuery(id: string) {
  return queryOptions({
    queryKey: queryKeys.events.deliveries(id),
    queryFn: ({ signal }) => fetchEventDeliveries(id, signal),
    refetchInterval: DELIVERIES_REFRESH_MS,
  });
}

export function eventCausationQuery(id: string) {
  return queryOptions({
    queryKey: queryKeys.events.causation(id),
    queryFn: ({ signal }) => fetchEventCausation(id, signal),
  });
}

function firstPage(): string | undefined {
  return undefined;
}
