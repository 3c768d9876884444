'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { Time } from '#components/ui/time.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type EventDelivery } from '#contracts/event.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { eventDeliveriesQuery } from '#lib/queries/events.ts';

const TONES: Readonly<Record<EventDelivery['state'], Tone>> = {
  handled: 'ok',
  pending: 'neutral',
  retrying: 'slow',
  parked: 'paused',
  dead: 'fail',
  resolved: 'ok',
  discarded: 'neutral',
};

/** How every consumer that hears the event stands to it. */
export function EventDeliveries({ id }: { id: string }) {
  const query = useQuery(eventDeliveriesQuery(id));
  if (query.data === undefined && query.error) {
    return (
      <ErrorState
        title="The deliveries cannot be read"
        detail={query.error.message}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (query.data === undefined) return <SkeletonRows count={4} />;
  if (query.data.length === 0) {
    return (
      <EmptyState kind="nothing-exists" title="No consumer hears this event">
        A subscription whose filter matches its topic and type would.
      </EmptyState>
    );
  }
  return (
    <ul className="m-0 list-none divide-y divide-line p-0">
      {query.data.map((delivery) => (
        <li key={delivery.subscription} className="py-2.5">
          <div className="flex flex-wrap items-center gap-3">
            <Link
              href={`/consumers/${encodeURIComponent(delivery.subscription)}`}
              className="text-m font-medium hover:underline"
            >
              {delivery.subscription}
            </Link>
            <StateDot tone={TONES[delivery.state]} label={delivery.state} />
            {delivery.nextAttemptAt ? (
              <span className="text-s text-text-3">
                next attempt <Time at={delivery.nextAttemptAt} />
              </span>
            ) : null}
            {delivery.deadLetterId ? (
              <Link
                href={`/dead-letters?id=${encodeURIComponent(delivery.deadLetterId)}`}
                className="ml-auto text-s text-accent hover:underline"
              >
                Open the dead letter
              </Link>
            ) : null}
          </div>
          <Attempts delivery={delivery} />
        </li>
      ))}
    </ul>
  );
}

function Attempts({ delivery }: { delivery: EventDelivery }) {
  if (delivery.attempts.length === 0) return null;
  return (
    <ol className="m-0 mt-1.5 list-none space-y-1 p-0 text-s">
      {delivery.attempts.map((attempt) => (
        <li key={`${attempt.attempt}-${attempt.at}`} className="rounded-s bg-fail-soft px-2 py-1">
          <span className="num text-text-2">
            attempt {attempt.attempt} · <Time at={attempt.at} /> ·{' '}
            {formatDuration(attempt.durationMs)}
          </span>
          <span className="block font-mono text-xs break-words text-fail">
            {attempt.error.class}: {attempt.error.message}
          </span>
        </li>
      ))}
    </ol>
  );
}
