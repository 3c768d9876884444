'use client';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Pause, Play, X } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { ProgressBar } from '#components/ui/progress-bar.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type Operation, type OperationState } from '#contracts/operation.ts';
import { type OperationCommand } from '#lib/api/operations.ts';
import { formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { operationQuery, operationsQuery, useCommandOperation } from '#lib/queries/operations.ts';

const STATE_TONE: Readonly<Record<OperationState, Tone>> = {
  planned: 'neutral',
  running: 'accent',
  paused: 'paused',
  done: 'ok',
  stopped: 'slow',
  cancelled: 'neutral',
  failed: 'fail',
};

const isActive = ({ state }: Operation): boolean =>
  state === 'planned' || state === 'running' || state === 'paused';

/** Redrives to this consumer that are under way, also those begun elsewhere, and the one begun here until it is dismissed. */
export function RedriveProgressList(props: { subscription: string; startedId: string | null }) {
  const { startedId } = props;
  const [dismissedId, setDismissedId] = useState<string | null>(null);
  const recent = useInfiniteQuery(operationsQuery({ kind: 'redrive' }));
  const started = useQuery({ ...operationQuery(startedId ?? ''), enabled: startedId !== null });
  const active = (recent.data?.pages[0]?.items ?? []).filter(
    (one) => one.target === props.subscription && isActive(one) && one.id !== startedId,
  );
  const shown = started.data && startedId !== dismissedId ? [started.data, ...active] : active;
  return shown.map((operation) => (
    <RedriveProgress
      key={operation.id}
      operation={operation}
      onDismiss={() => setDismissedId(operation.id)}
    />
  ));
}

function RedriveProgress(props: { operation: Operation; onDismiss: () => void }) {
  const { operation } = props;
  const settled = operation.done + operation.failed;
  const isRunning = isActive(operation);
  const link = `/operations?id=${encodeURIComponent(operation.id)}`;
  return (
    <section
      aria-label={operation.title}
      className="rounded-m border border-line bg-raised px-3 py-2"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-s">
        <StateDot tone={STATE_TONE[operation.state]} label={operation.state} />
        <Link href={link} className="min-w-0 truncate font-medium hover:underline">
          {operation.title}
        </Link>
        <span className="ml-auto flex gap-1">
          {isRunning ? (
            <Commands operation={operation} />
          ) : (
            <Button variant="ghost" aria-label="Dismiss" onClick={props.onDismiss}>
              <X />
            </Button>
          )}
        </span>
      </div>
      <ProgressBar
        className="my-1.5"
        label={`Progress of ${operation.title}`}
        share={operation.total === 0 ? null : settled / operation.total}
        tone={
          operation.failed > 0 && operation.state === 'done' ? 'slow' : STATE_TONE[operation.state]
        }
        text={`${settled} of ${operation.total}`}
      />
      <p className="num flex flex-wrap gap-x-3 text-xs text-text-2">
        <span>
          {formatCount(operation.done)} of {formatCount(operation.total)} acknowledged
        </span>
        {operation.failed > 0 ? (
          <span className="text-fail">{formatCount(operation.failed)} came back dead</span>
        ) : null}
        {isRunning ? (
          <span>
            {formatRate(operation.measuredPerSecond)}/s
            {operation.etaMs === null ? '' : ` · ${formatEstimate(operation.etaMs)} left`}
          </span>
        ) : null}
        {operation.detail ? <span className="text-text-3">{operation.detail}</span> : null}
      </p>
    </section>
  );
}

// No question before Cancel: what was not delivered stays a letter and can be redriven again.
function Commands({ operation }: { operation: Operation }) {
  const command = useCommandOperation();
  const run = (name: OperationCommand) =>
    command.mutate(
      { id: operation.id, command: name },
      {
        onSuccess: () => {
          if (name === 'cancel') toast.info('The redrive is cancelled', { detail: KEPT });
        },
        onError: (error) => toast.failed(`Could not ${name} the redrive`, error),
      },
    );
  const isPaused = operation.state === 'paused';
  return (
    <>
      <Button onClick={() => run(isPaused ? 'resume' : 'pause')} busy={command.isPending}>
        {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button variant="ghost" onClick={() => run('cancel')}>
        Cancel
      </Button>
    </>
  );
}

const KEPT = 'Letters that were not delivered stay as they were.';
