'use client';
import Link from 'next/link';
import { type Subscription } from '#contracts/subscription.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural, formatRate, formatShare } from '#lib/format/number.ts';
import { ConsumerStateBadge } from './consumer-badges.tsx';
import { consumerHref } from './consumer-columns.tsx';
import { failingShare, isBehind, isFailing } from './consumer-state.ts';
import { PauseButton } from './pause-button.tsx';
import { type ConsumerActions } from './use-consumer-actions.ts';

/** The list where there is no room for a table. */
export function ConsumersCards(props: {
  rows: readonly Subscription[];
  selectedName: string | null;
  actions: ConsumerActions;
}) {
  return (
    <ul className="m-0 list-none p-0">
      {props.rows.map((one) => (
        <li
          key={one.name}
          data-consumer={one.name}
          data-selected={one.name === props.selectedName || undefined}
          className="relative border-b border-line px-4 py-2.5 data-selected:bg-accent-soft"
        >
          <div className="flex min-w-0 items-center gap-3">
            <Link
              href={consumerHref(one.name)}
              className="min-w-0 truncate text-m font-medium after:absolute after:inset-0"
            >
              {one.name}
            </Link>
            <span className="ml-auto text-s">
              <ConsumerStateBadge subscription={one} />
            </span>
            <PauseButton subscription={one} actions={props.actions} />
          </div>
          <p className="mt-0.5 truncate text-xs text-text-3">{one.topics.join(', ')}</p>
          <p className="num mt-1 flex flex-wrap gap-x-3 gap-y-0.5 text-xs text-text-2">
            <span>{formatRate(one.rates.handledPerSecond)}/s</span>
            <span className={isFailing(one) ? 'text-fail' : undefined}>
              {formatShare(failingShare(one) ?? 0)} failing
            </span>
            <span>p95 {formatDuration(one.rates.p95Ms)}</span>
            <span className={isBehind(one) ? 'text-slow' : undefined}>
              lag {formatCount(one.lag)}
              {one.lag > 0 ? ` · ${formatDuration(one.oldestUnhandledAgeMs)}` : ''}
            </span>
            {one.retrying + one.parked > 0 ? (
              <span className="text-slow">
                {formatCount(one.retrying)} retrying, {formatCount(one.parked)} parked
              </span>
            ) : null}
            {one.deadLetters > 0 ? (
              <span className="text-fail">{formatPlural(one.deadLetters, 'dead letter')}</span>
            ) : null}
          </p>
        </li>
      ))}
    </ul>
  );
}
