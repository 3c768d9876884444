'use client';

import { useQuery } from '@tanstack/react-query';
import { ExternalLink, GitBranch, X } from 'lucide-react';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Time } from '#components/ui/time.tsx';
import { formatCount } from '#lib/format/number.ts';
import { eventQuery } from '#lib/queries/events.ts';

const searchLink = (query: string): string => `/events?mode=search&q=${encodeURIComponent(query)}`;

/** The chosen event in one line, and the ways on from it. */
export const EventPanel = (props: { id: string; arcs: number; onClear: () => void }) => {
  const { data: event, isError } = useQuery(eventQuery(props.id));
  return (
    <section
      aria-label="Chosen event"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line bg-surface px-3.5 py-2"
    >
      {event ? (
        <>
          <p className="num min-w-0 truncate text-s font-medium">{event.type}</p>
          <p className="min-w-0 truncate text-xs text-text-2">
            <Time at={event.recordedAt} /> · {event.topic} · position{' '}
            <span className="num">{formatCount(event.position)}</span>
            {event.subject ? ` · ${event.subject}` : ''}
          </p>
          <p className="text-xs text-text-3">
            {props.arcs === 1 ? '1 causal step' : `${formatCount(props.arcs)} causal steps`} drawn
          </p>
        </>
      ) : (
        <p className="text-s text-text-2">
          {isError ? 'The event cannot be read.' : 'Reading the event …'}
        </p>
      )}
      <div className="ml-auto flex items-center gap-2">
        {event?.correlationid ? (
          <Button asChild variant="ghost">
            <Link href={searchLink(`corr:${event.correlationid}`)}>
              <GitBranch />
              Its whole flow
            </Link>
          </Button>
        ) : null}
        <Button asChild>
          <Link href={`/events?id=${encodeURIComponent(props.id)}`}>
            <ExternalLink />
            Open event
          </Link>
        </Button>
        <IconButton label="Let go of the event" shortcut="Esc" onClick={props.onClear}>
          <X />
        </IconButton>
      </div>
    </section>
  );
};
