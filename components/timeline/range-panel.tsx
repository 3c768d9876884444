'use client';

import { RotateCcw, X, ZoomIn } from 'lucide-react';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Time } from '#components/ui/time.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatPlural } from '#lib/format/number.ts';
import { spanOf, type TimeRange } from './time-range.ts';

/** What is chosen, and what can be done with it. `count` is an estimate unless every event was drawn. */
export const RangePanel = (props: {
  selection: TimeRange;
  count: number;
  isExact: boolean;
  onReplay: () => void;
  onZoom: () => void;
  onClear: () => void;
}) => {
  const { from, to } = props.selection;
  const after = new Date(from).toISOString();
  const before = new Date(to).toISOString();
  return (
    <section
      aria-label="Chosen range"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-accent/50 bg-accent-soft px-3.5 py-2"
    >
      <p className="text-s">
        <span className="num font-medium text-text">{formatDuration(spanOf(props.selection))}</span>
        <span className="text-text-2">
          {' · '}
          {props.isExact ? '' : '≈ '}
          {formatPlural(props.count, 'event')}
        </span>
      </p>
      <p className="text-xs text-text-2 max-sm:hidden">
        <Time at={after} /> – <Time at={before} />
      </p>
      <div className="ml-auto flex items-center gap-2">
        <Button asChild variant="ghost">
          <Link
            href={`/events?mode=search&q=${encodeURIComponent(`after:${after} before:${before}`)}`}
          >
            List events
          </Link>
        </Button>
        <Button variant="ghost" onClick={props.onZoom}>
          <ZoomIn />
          Zoom to it
        </Button>
        <Button variant="primary" onClick={props.onReplay}>
          <RotateCcw />
          Replay…
        </Button>
        <IconButton label="Clear the range" shortcut="Esc" onClick={props.onClear}>
          <X />
        </IconButton>
      </div>
    </section>
  );
};
