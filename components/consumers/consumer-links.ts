import { type Subscription } from '#contracts/subscription.ts';
import { formatQueryText } from '#lib/query-language.ts';

const eventsHref = (search: Parameters<typeof formatQueryText>[0]): string => {
  const text = formatQueryText(search);
  return text === '' ? '/events' : `/events?q=${encodeURIComponent(text)}`;
};

/** Where else a consumer can be looked at. */
export function consumerLinks({ name, filter, topics }: Subscription) {
  return {
    deadLetters: `/dead-letters?subscription=${encodeURIComponent(name)}`,
    timeline: '/timeline?lanes=consumer',
    events: eventsHref({
      topic: [...topics],
      ...(hasAll(filter.types) ? {} : { type: filter.types }),
      ...(filter.sources ? { source: filter.sources } : {}),
      ...(filter.subjects ? { subject: filter.subjects } : {}),
      ...(filter.where ? { where: filter.where } : {}),
    }),
  };
}

export type FilterChip = { readonly label: string; readonly href: string };

/** The filter in pieces, each with the events it lets through. */
export function filterChips({ filter }: Subscription): readonly FilterChip[] {
  const { topics, types, sources, subjects, where } = filter;
  const chips = [
    ...(topics ?? []).map((topic) => ({
      label: `topic ${topic}`,
      href: eventsHref({ topic: [topic] }),
    })),
    ...(hasAll(types) ? [] : (types ?? [])).map((type) => ({
      label: `type ${type}`,
      href: eventsHref({ type: [type] }),
    })),
    ...(sources ?? []).map((source) => ({
      label: `source ${source}`,
      href: eventsHref({ source: [source] }),
    })),
    ...(subjects ?? []).map((subject) => ({
      label: `subject ${subject}`,
      href: eventsHref({ subject: [subject] }),
    })),
    ...(where ? [{ label: where, href: eventsHref({ where }) }] : []),
  ];
  return chips.length > 0 ? chips : [{ label: 'all events', href: '/events' }];
}

const hasAll = (types: readonly string[] | undefined): boolean =>
  types === undefined || types.length === 0 || types.includes('*');
