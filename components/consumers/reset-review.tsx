import { TriangleAlert } from 'lucide-react';
import { cn } from '#components/ui/cn.ts';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import { type ResetResponse } from '#contracts/subscription.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';

/** Rows shown at most. */
const ROWS_SHOWN = 200;

/** What a reset would do: in a sentence, with a warning, and per partition. */
export function ResetReview({ review }: { review: ResetResponse }) {
  const { redelivered, skipped } = review;
  const moved = review.partitions.filter(({ before, after }) => before !== after);
  const rows = moved.length > 0 ? moved : review.partitions;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-m" role="status">
        {redelivered > 0 ? (
          <>
            Will re-deliver <strong className="num">{formatPlural(redelivered, 'event')}</strong>
          </>
        ) : null}
        {redelivered > 0 && skipped > 0 ? ' and ' : null}
        {skipped > 0 ? (
          <>
            {redelivered > 0 ? 'skip' : 'Will skip'}{' '}
            <strong className="num text-fail">{formatPlural(skipped, 'event')}</strong>
          </>
        ) : null}
        {redelivered + skipped > 0
          ? ` in ${formatPlural(moved.length, 'partition')}.`
          : 'Nothing moves: it stands there already.'}
      </p>
      {redelivered + skipped > 0 ? (
        <p className="flex gap-2 rounded-m border border-slow/40 bg-slow-soft px-3 py-2 text-s text-text">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-slow" />
          <span>
            {redelivered > 0
              ? 'Events it has handled come again: what it does to the outside happens twice unless it is idempotent. '
              : null}
            {skipped > 0 ? 'Events it has not handled are passed over for good. ' : null}
            Work in hand is finished first; dead letters stay.
          </span>
        </p>
      ) : null}
      <div className="max-h-72 overflow-y-auto">
        <Table label="Offsets before and after">
          <TableHead>
            <TableRow className="sticky top-0 bg-surface">
              <TableHeader>Partition</TableHeader>
              <TableHeader className="text-right">Offset before</TableHeader>
              <TableHeader className="text-right">Offset after</TableHeader>
              <TableHeader className="text-right max-sm:hidden">Moves by</TableHeader>
              <TableHeader>First event then</TableHeader>
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.slice(0, ROWS_SHOWN).map((row) => (
              <ReviewRow key={`${row.topic}/${row.partition}`} row={row} />
            ))}
          </TableBody>
        </Table>
      </div>
      {rows.length > ROWS_SHOWN ? (
        <p className="text-xs text-text-3">
          {ROWS_SHOWN} of {formatPlural(rows.length, 'partition')}; the sums are of all.
        </p>
      ) : null}
    </div>
  );
}

function ReviewRow({ row }: { row: ResetResponse['partitions'][number] }) {
  const by = row.after - row.before;
  return (
    <TableRow>
      <TableCell className="whitespace-nowrap">
        {row.topic} <span className="num text-text-3">{row.partition}</span>
      </TableCell>
      <TableCell numeric className="text-text-2">
        {formatCount(row.before)}
      </TableCell>
      <TableCell numeric>{formatCount(row.after)}</TableCell>
      <TableCell numeric className={cn('max-sm:hidden', by > 0 ? 'text-fail' : 'text-text-2')}>
        {by > 0 ? `+${formatCount(by)}` : formatCount(by).replace('-', '−')}
      </TableCell>
      <TableCell>
        {row.eventTime ? (
          <Time at={row.eventTime} />
        ) : (
          <span className="text-text-3">none after it: the end</span>
        )}
      </TableCell>
    </TableRow>
  );
}
