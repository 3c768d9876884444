'use client';
import { useQuery } from '@tanstack/react-query';
import { cn } from '#components/ui/cn.ts';
import { ErrorState } from '#components/ui/error-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatPlural } from '#lib/format/number.ts';
import { eventCausationQuery } from '#lib/queries/events.ts';
import { causationRows } from './causation-tree.ts';

const INDENT_PX = 16;
const MAX_INDENT_STEPS = 12;

/** The whole flow of an event: what caused it and what it caused. */
export function EventCausation(props: { id: string; onOpen: (id: string) => void }) {
  const query = useQuery(eventCausationQuery(props.id));
  if (query.data === undefined && query.error) {
    return (
      <ErrorState
        title="The causation cannot be read"
        detail={query.error.message}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (query.data === undefined) return <SkeletonRows count={6} />;
  const rows = causationRows(query.data);
  return (
    <div>
      <p className="mb-2 text-s text-text-3">
        {formatPlural(rows.length, 'event')} of one flow
        {query.data.truncated ? ', cut here' : ''}. Times count from the first.
      </p>
      <ol aria-label="Events of this flow" className="m-0 list-none p-0">
        {rows.map(({ event, depth, sinceFirstMs }) => {
          const isCurrent = event.id === props.id;
          return (
            <li key={event.position} className="border-b border-line/60">
              <button
                type="button"
                aria-current={isCurrent || undefined}
                onClick={() => props.onOpen(event.id)}
                className={cn(
                  'flex w-full items-center gap-2 py-1.5 pr-2 text-left text-s hover:bg-line/30',
                  isCurrent && 'bg-accent-soft',
                )}
                style={{ paddingLeft: 8 + Math.min(depth, MAX_INDENT_STEPS) * INDENT_PX }}
              >
                <span aria-hidden className="text-text-3">
                  {depth === 0 ? '●' : '└'}
                </span>
                <span className="truncate font-medium">{event.type}</span>
                <span className="truncate text-text-3">{event.source}</span>
                <span className="num ml-auto whitespace-nowrap text-text-2">
                  {sinceFirstMs === 0 ? '0' : `+${formatDuration(sinceFirstMs)}`}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
