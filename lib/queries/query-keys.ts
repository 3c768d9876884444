import { type DeadLetterFilter } from '#contracts/dead-letter.ts';
import { type EventSearch } from '#lib/api/events.ts';
import { type HistoryQuery } from '#lib/api/subscriptions.ts';
import { type TimelineSearch } from '#lib/api/timeline.ts';

/** Every key of the query cache. The first word is the resource, so that `[resource]` invalidates all of it. */
export const queryKeys = {
  events: {
    all: ['events'] as const,
    list: (search: EventSearch) => ['events', 'list', search] as const,
    one: (id: string) => ['events', 'one', id] as const,
    deliveries: (id: string) => ['events', 'deliveries', id] as const,
    causation: (id: string) => ['events', 'causation', id] as const,
  },
  topics: {
    all: ['topics'] as const,
    list: ['topics', 'list'] as const,
    histogram: (topic: string | null, range: string, buckets: number) =>
      ['topics', 'histogram', topic, range, buckets] as const,
  },
  subscriptions: {
    all: ['subscriptions'] as const,
    list: ['subscriptions', 'list'] as const,
    one: (name: string) => ['subscriptions', 'one', name] as const,
    lag: (name: string) => ['subscriptions', 'lag', name] as const,
    history: (name: string, query: HistoryQuery) =>
      ['subscriptions', 'history', name, query] as const,
    recentHistory: (name: string, spanMs: number, stepMs: number | undefined) =>
      ['subscriptions', 'history', name, spanMs, stepMs] as const,
  },
  deadLetters: {
    all: ['dead-letters'] as const,
    lists: ['dead-letters', 'list'] as const,
    list: (filter: DeadLetterFilter) => ['dead-letters', 'list', filter] as const,
    groups: ['dead-letters', 'groups'] as const,
    one: (id: string) => ['dead-letters', 'one', id] as const,
  },
  operations: {
    all: ['operations'] as const,
    lists: ['operations', 'list'] as const,
    list: (query: object) => ['operations', 'list', query] as const,
    one: (id: string) => ['operations', 'one', id] as const,
  },
  topology: ['topology'] as const,
  timeline: {
    all: ['timeline'] as const,
    range: (search: TimelineSearch) => ['timeline', search] as const,
  },
  scenarios: ['scenarios'] as const,
} as const;
