'use client';
import { useQuery } from '@tanstack/react-query';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '#components/ui/table.tsx';
import { type Lag } from '#contracts/subscription.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { subscriptionLagQuery } from '#lib/queries/subscriptions.ts';
import { QueryTrouble } from './query-trouble.tsx';

/** Rows shown at most; the most behind come first. */
const ROWS_SHOWN = 200;
/** A partition with more than this share of all the lag is drawn as the slow one. */
const HOT_SHARE = 0.5;
const HOT_LEAST = 10;
/** A bar is full at the largest lag, but one event does not fill it. */
const FULL_LEAST = 10;

type Partition = Lag['partitions'][number];

/** How far each partition is, and who handles it. */
export function PartitionTable({ name }: { name: string }) {
  const query = useQuery(subscriptionLagQuery(name));
  const partitions = query.data ? mostBehindFirst(query.data.partitions) : [];
  return (
    <section aria-label="Partitions" className="min-w-0">
      <h2 className="mb-1 text-m font-semibold">
        Partitions
        {query.data ? (
          <span className="ml-2 text-s font-normal text-text-3">
            {formatCount(partitions.length)}
            {query.data.total > 0 ? `, ${formatPlural(query.data.total, 'event')} behind` : ''}
          </span>
        ) : null}
      </h2>
      {query.isPending ? <SkeletonRows count={8} /> : null}
      {query.error && !query.data ? (
        <QueryTrouble
          error={query.error}
          isFetching={query.isFetching}
          onRetry={() => void query.refetch()}
          what="its partitions"
        />
      ) : null}
      {query.data && partitions.length === 0 ? (
        <EmptyState kind="nothing-exists" title="No topic matches yet">
          Its partitions appear as soon as a topic it names is created.
        </EmptyState>
      ) : null}
      {query.data && partitions.length > 0 ? (
        <div className="max-h-96 overflow-y-auto">
          <Rows partitions={partitions.slice(0, ROWS_SHOWN)} total={query.data.total} />
        </div>
      ) : null}
      {partitions.length > ROWS_SHOWN ? (
        <p className="mt-1 text-xs text-text-3">
          The {ROWS_SHOWN} most behind of {formatCount(partitions.length)}.
        </p>
      ) : null}
    </section>
  );
}

function Rows({ partitions, total }: { partitions: readonly Partition[]; total: number }) {
  const full = Math.max(...partitions.map((one) => one.lag), FULL_LEAST);
  return (
    <Table label="Lag of each partition" className="min-w-max">
      <TableHead>
        <TableRow className="sticky top-0 bg-bg">
          <TableHeader>Partition</TableHeader>
          <TableHeader className="text-right">Head</TableHeader>
          <TableHeader className="text-right">Committed</TableHeader>
          <TableHeader className="text-right">Lag</TableHeader>
          <TableHeader className="w-28 max-sm:hidden">
            <span className="sr-only">Share of the largest lag</span>
          </TableHeader>
          <TableHeader className="text-right">Oldest waits</TableHeader>
          <TableHeader>Owner</TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        {partitions.map((one) => (
          <TableRow key={`${one.topic}/${one.partition}`}>
            <TableCell>
              {one.topic} <span className="num text-text-3">{one.partition}</span>
            </TableCell>
            <TableCell numeric>{formatCount(one.head)}</TableCell>
            <TableCell numeric>{formatCount(one.committed)}</TableCell>
            <TableCell numeric className={one.lag === 0 ? 'text-text-3' : undefined}>
              {formatCount(one.lag)}
            </TableCell>
            <TableCell className="w-28 max-sm:hidden">
              <LagBar share={one.lag / full} isHot={isHot(one, total)} />
            </TableCell>
            <TableCell numeric>{formatDuration(one.oldestUnhandledAgeMs)}</TableCell>
            <TableCell className="num max-w-32 truncate text-text-2" title={one.owner ?? undefined}>
              {one.owner ? one.owner.slice(0, 8) : 'nobody'}
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

/** Beside the number it draws. */
function LagBar({ share, isHot: hot }: { share: number; isHot: boolean }) {
  return (
    <div aria-hidden className="h-1.5 w-full rounded-full bg-line">
      <div
        className={hot ? 'h-full rounded-full bg-slow' : 'h-full rounded-full bg-accent'}
        style={{ width: `${share * 100}%` }}
      />
    </div>
  );
}

const isHot = ({ lag }: Partition, total: number): boolean =>
  total > HOT_LEAST && lag > total * HOT_SHARE;

function mostBehindFirst(partitions: readonly Partition[]): readonly Partition[] {
  if (partitions.length <= ROWS_SHOWN) return partitions;
  return partitions.toSorted((a, b) => b.lag - a.lag);
}
