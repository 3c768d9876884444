'use client';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { type MouseEvent } from 'react';
import { type Histogram } from '#contracts/topic.ts';
import { formatCount } from '#lib/format/number.ts';
import { formatTick } from '#lib/format/time.ts';
import { activityQuery } from '#lib/queries/topics.ts';
import { useViewStore } from '#lib/state/view-store.ts';

const SPAN_MS = 60 * 60 * 1_000;
const BUCKETS = 120;
const WIDTH = 600;
const HEIGHT = 34;
const TICKS = [0.02, 0.335, 0.67];
/** How much of the timeline a click opens, around the moment. */
const OPENED_MS = 2 * 60 * 1_000;

/** Events recorded in the last hour. A click opens the timeline at that moment. */
export function ActivityHistogram() {
  const { data } = useQuery(activityQuery(SPAN_MS, BUCKETS));
  const router = useRouter();
  const open = (event: MouseEvent<HTMLButtonElement>) => {
    if (!data) return;
    const box = event.currentTarget.getBoundingClientRect();
    // A click by keyboard has no place: it opens the whole hour.
    const isPlaced = event.detail > 0 && box.width > 0;
    const share = (event.clientX - box.left) / box.width;
    router.push(isPlaced ? hrefAround(data, share) : hrefOf(data.after, data.before));
  };
  const total = data?.counts.reduce((sum, count) => sum + count, 0);
  return (
    <div
      data-tour="activity"
      className="relative mx-auto h-[34px] min-w-0 max-w-[640px] flex-1 overflow-hidden rounded-m border border-line bg-bg transition-colors hover:border-line-strong max-[900px]:hidden"
    >
      {data ? <Bars histogram={data} /> : null}
      <span aria-hidden className="absolute inset-y-0 right-0 w-0.5 bg-accent" />
      <button
        type="button"
        onClick={open}
        title="Activity of the last hour. Click to open the timeline at that moment."
        aria-label={
          total === undefined
            ? 'Activity of the last hour, not loaded yet'
            : `Activity of the last hour: ${formatCount(total)} events. Open the timeline.`
        }
        className="absolute inset-0 rounded-m focus-visible:-outline-offset-2"
      />
      {data ? <Ticks histogram={data} /> : null}
    </div>
  );
}

function Bars({ histogram }: { histogram: Histogram }) {
  const { counts } = histogram;
  const max = Math.max(...counts, 1);
  const step = WIDTH / Math.max(counts.length, 1);
  const d = counts
    .map((count, index) => {
      const height = count === 0 ? 0.6 : Math.max(2, (count / max) * (HEIGHT - 8));
      return `M${(index * step).toFixed(2)} ${HEIGHT}v-${height.toFixed(2)}h${(step * 0.72).toFixed(2)}V${HEIGHT}Z`;
    })
    .join('');
  return (
    <svg
      aria-hidden
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="absolute inset-0 size-full text-text-3"
    >
      <path d={d} fill="currentColor" opacity="0.5" />
    </svg>
  );
}

function Ticks({ histogram }: { histogram: Histogram }) {
  const isUtc = useViewStore((view) => view.timeDisplay === 'utc');
  const from = Date.parse(histogram.after);
  const span = Date.parse(histogram.before) - from;
  return TICKS.map((share) => (
    <span
      key={share}
      aria-hidden
      style={{ left: `${share * 100}%` }}
      className="pointer-events-none absolute bottom-px rounded-s bg-bg/70 px-0.5 font-mono text-[9.5px] leading-3 text-text-2"
    >
      {formatTick(new Date(from + share * span), 60_000, isUtc)}
    </span>
  ));
}

function hrefAround(histogram: Histogram, share: number): string {
  const from = Date.parse(histogram.after);
  const at = from + share * (Date.parse(histogram.before) - from);
  return hrefOf(
    new Date(at - OPENED_MS / 2).toISOString(),
    new Date(at + OPENED_MS / 2).toISOString(),
  );
}

function hrefOf(from: string, to: string): string {
  return `/timeline?${new URLSearchParams({ from, to })}`;
}
