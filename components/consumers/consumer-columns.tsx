'use client';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_text,
  tableFeatures,
} from '@tanstack/react-table';
import Link from 'next/link';
import { TONE_TEXT } from '#components/ui/tone.ts';
import { type Subscription } from '#contracts/subscription.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatPlural, formatRate, formatShare } from '#lib/format/number.ts';
import { ConsumerStateBadge, Count } from './consumer-badges.tsx';
import { failingShare, isBehind, isFailing, severityOf } from './consumer-state.ts';

export const tableParts = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { text: sortFn_text },
});

const helper = createColumnHelper<typeof tableParts, Subscription>();

/** Columns that are text; all others are numbers and stand at the right. */
export const TEXT_COLUMNS: ReadonlySet<string> = new Set(['name', 'state', 'topics', 'guarantee']);

export const consumerHref = (name: string): string => `/consumers/${encodeURIComponent(name)}`;

/** What the list shows, in its order. Unknown numbers sort last. */
export const consumerColumns = helper.columns([
  helper.accessor('name', {
    header: 'Consumer',
    sortFn: 'text',
    // The link covers its row, so that the whole row opens the consumer.
    cell: ({ row }) => (
      <Link
        href={consumerHref(row.original.name)}
        className="block max-w-56 truncate font-medium after:absolute after:inset-0 hover:text-accent"
      >
        {row.original.name}
      </Link>
    ),
  }),
  helper.accessor(severityOf, {
    id: 'state',
    header: 'State',
    sortDescFirst: true,
    cell: ({ row }) => <ConsumerStateBadge subscription={row.original} />,
  }),
  helper.accessor((one) => one.topics.join(', '), {
    id: 'topics',
    header: 'Topics',
    enableSorting: false,
    cell: ({ getValue }) => (
      <span className="block max-w-36 truncate text-text-2" title={getValue()}>
        {getValue() || 'none yet'}
      </span>
    ),
  }),
  helper.accessor('lag', {
    header: 'Lag',
    sortDescFirst: true,
    cell: ({ row }) => (
      <Count value={row.original.lag} tone={isBehind(row.original) ? 'slow' : undefined} />
    ),
  }),
  helper.accessor((one) => one.oldestUnhandledAgeMs ?? undefined, {
    id: 'behind',
    header: 'Behind',
    sortDescFirst: true,
    sortUndefined: 'last',
    cell: ({ row }) => (
      <span className={isBehind(row.original) ? TONE_TEXT.slow : undefined}>
        {formatDuration(row.original.oldestUnhandledAgeMs)}
      </span>
    ),
  }),
  helper.accessor((one) => one.rates.handledPerSecond, {
    id: 'handled',
    header: 'Handled/s',
    sortDescFirst: true,
    cell: ({ getValue }) => formatRate(getValue()),
  }),
  helper.accessor((one) => failingShare(one) ?? undefined, {
    id: 'failing',
    header: 'Failing',
    sortDescFirst: true,
    sortUndefined: 'last',
    cell: ({ row }) => (
      <span className={isFailing(row.original) ? TONE_TEXT.fail : undefined}>
        {formatShare(failingShare(row.original))}
      </span>
    ),
  }),
  ...(['p50', 'p95', 'p99'] as const).map((percentile) =>
    helper.accessor((one) => one.rates[`${percentile}Ms`] ?? undefined, {
      id: percentile,
      header: percentile,
      sortDescFirst: true,
      sortUndefined: 'last',
      cell: ({ getValue }) => formatDuration(getValue()),
    }),
  ),
  helper.accessor('inFlight', {
    id: 'flight',
    header: 'In flight',
    sortDescFirst: true,
    cell: ({ getValue }) => <Count value={getValue()} />,
  }),
  helper.accessor('retrying', {
    header: 'Retrying',
    sortDescFirst: true,
    cell: ({ getValue }) => <Count value={getValue()} tone="slow" />,
  }),
  helper.accessor('parked', {
    header: 'Parked',
    sortDescFirst: true,
    cell: ({ getValue }) => <Count value={getValue()} tone="slow" />,
  }),
  helper.accessor('deadLetters', {
    id: 'dead',
    header: 'Dead',
    sortDescFirst: true,
    cell: ({ row: { original } }) =>
      original.deadLetters === 0 ? (
        <Count value={0} />
      ) : (
        <Link
          href={`/dead-letters?subscription=${encodeURIComponent(original.name)}`}
          aria-label={`${formatPlural(original.deadLetters, 'dead letter')} of ${original.name}`}
          className="relative z-[1] underline decoration-dotted underline-offset-2"
        >
          <Count value={original.deadLetters} tone="fail" />
        </Link>
      ),
  }),
  helper.accessor('guarantee', {
    header: 'Guarantee',
    sortFn: 'text',
    cell: ({ getValue }) => (
      <span className="text-xs whitespace-nowrap text-text-2">{getValue()}</span>
    ),
  }),
]);
