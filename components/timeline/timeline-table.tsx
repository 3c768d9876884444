'use client';

import Link from 'next/link';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '#components/ui/table.tsx';
import { Time } from '#components/ui/time.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { type LaneKind } from './timeline-lanes.ts';
import { type TimelineData } from './use-timeline-data.ts';

/** Newest events listed; the events page has all of them. */
const LISTED_MAX = 200;

const Lanes = ({ data, kind }: { data: TimelineData; kind: LaneKind }) => (
  <Table label={`Events by ${kind} in view`}>
    <TableHead>
      <TableRow>
        <TableHeader className="capitalize">{kind}</TableHeader>
        <TableHeader className="text-right">Events</TableHeader>
        <TableHeader className="text-right">Failed</TableHeader>
        <TableHeader className="text-right">
          Most in {formatDuration(data.timeline?.bucketMs ?? 0)}
        </TableHeader>
      </TableRow>
    </TableHead>
    <TableBody>
      {data.lanes.map((lane) => {
        const count = data.counts.get(lane);
        return (
          <TableRow key={lane}>
            <TableCell className="font-medium">{lane}</TableCell>
            <TableCell numeric>{formatCount(count?.total ?? 0)}</TableCell>
            <TableCell numeric className={count?.failed ? 'text-fail' : undefined}>
              {formatCount(count?.failed ?? 0)}
            </TableCell>
            <TableCell numeric>{formatCount(count?.peak ?? 0)}</TableCell>
          </TableRow>
        );
      })}
    </TableBody>
  </Table>
);

const Events = ({ data }: { data: TimelineData }) => {
  const { from, to } = data.view.range;
  const inView = data.events.filter((event) => {
    const at = Date.parse(event.recordedAt);
    return at >= from && at < to;
  });
  const newest = inView.toSorted((a, b) => b.position - a.position).slice(0, LISTED_MAX);
  return (
    <section>
      <h2 className="mt-6 mb-1 text-m font-semibold">
        {newest.length < inView.length
          ? `Newest ${formatCount(LISTED_MAX)} of ${formatCount(inView.length)} events`
          : formatPlural(inView.length, 'event')}
      </h2>
      <Table label="Events in view">
        <TableHead>
          <TableRow>
            <TableHeader>Recorded</TableHeader>
            <TableHeader>Type</TableHeader>
            <TableHeader>Topic</TableHeader>
            <TableHeader className="text-right">Position</TableHeader>
            <TableHeader>Caused by</TableHeader>
          </TableRow>
        </TableHead>
        <TableBody>
          {newest.map((event) => (
            <TableRow key={event.position}>
              <TableCell>
                <Time at={event.recordedAt} />
              </TableCell>
              <TableCell>
                <Link
                  href={`/events?id=${encodeURIComponent(event.id)}`}
                  className="font-medium hover:text-accent"
                >
                  {event.type}
                </Link>
              </TableCell>
              <TableCell>{event.topic}</TableCell>
              <TableCell numeric>{formatCount(event.position)}</TableCell>
              <TableCell className="num max-w-40 truncate text-text-3">
                {event.causationid ?? '–'}
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </section>
  );
};

/** What the chart shows, in words and numbers. */
export const TimelineTable = (props: {
  data: TimelineData;
  kind: LaneKind;
  onWidth: (widthPx: number) => void;
}) => (
  <div
    ref={(element) => {
      if (element) props.onWidth(element.clientWidth);
    }}
    className="min-h-0 flex-1 overflow-auto px-3.5 py-3"
  >
    <Lanes {...props} />
    {props.data.dots ? (
      <Events data={props.data} />
    ) : (
      <p className="mt-4 text-s text-text-3">
        {props.kind === 'consumer'
          ? 'Consumers are counted once a second; choose topics or types to see single events.'
          : 'Zoom in to list single events.'}
      </p>
    )}
  </div>
);
