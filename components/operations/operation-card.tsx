'use client';
import Link from 'next/link';
import { Badge } from '#components/ui/badge.tsx';
import { ProgressBar } from '#components/ui/progress-bar.tsx';
import { Time } from '#components/ui/time.tsx';
import { type Operation } from '#contracts/operation.ts';
import { formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { OperationCommands } from './operation-commands.tsx';
import { isActive, STATE_TONE, shareOf } from './operation-words.ts';

/** One operation in the list: where it is, how fast, and what can be done about it. */
export function OperationCard(props: {
  operation: Operation;
  isOpen: boolean;
  onOpen: () => void;
}) {
  const { operation } = props;
  const settled = operation.done + operation.failed;
  return (
    <article
      aria-label={operation.title}
      className="border-b border-line px-4 py-3 data-open:bg-accent-soft"
      data-open={props.isOpen || undefined}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={STATE_TONE[operation.state]}>{operation.state}</Badge>
        <button
          type="button"
          onClick={props.onOpen}
          className="min-w-0 truncate text-left text-m font-medium hover:underline"
        >
          {operation.title}
        </button>
        <span className="ml-auto text-xs text-text-3">
          <Time at={operation.createdAt} /> · {operation.actor}
        </span>
      </div>
      <div className="mt-2 flex items-center gap-3">
        <ProgressBar
          label={`Progress of ${operation.title}`}
          share={shareOf(operation)}
          tone={operation.failed > 0 ? 'slow' : STATE_TONE[operation.state]}
          text={`${settled} of ${operation.total}`}
        />
      </div>
      <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-s text-text-2">
        <span className="num">
          {formatCount(operation.done)} of {formatCount(operation.total)}
        </span>
        {operation.failed > 0 ? (
          <Link
            href={`/dead-letters${operation.target ? `?subscription=${encodeURIComponent(operation.target)}` : ''}`}
            className="num text-fail hover:underline"
          >
            {formatCount(operation.failed)} failed
          </Link>
        ) : null}
        {isActive(operation) ? (
          <span className="num">
            {formatRate(operation.measuredPerSecond)}/s
            {operation.etaMs === null ? '' : ` · ${formatEstimate(operation.etaMs)} left`}
          </span>
        ) : null}
        {operation.detail ? <span className="text-text-3">{operation.detail}</span> : null}
        <span className="ml-auto">
          <OperationCommands operation={operation} />
        </span>
      </div>
    </article>
  );
}
