'use client';

import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { ProgressBar } from '#components/ui/progress-bar.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { toast } from '#components/ui/toast.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type Operation } from '#contracts/operation.ts';
import { type OperationCommand } from '#lib/api/operations.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { operationQuery, useCommandOperation } from '#lib/queries/operations.ts';

const STATE_TONE: Readonly<Record<Operation['state'], Tone>> = {
  planned: 'neutral',
  running: 'accent',
  paused: 'paused',
  done: 'ok',
  stopped: 'slow',
  cancelled: 'neutral',
  failed: 'fail',
};

const isOver = (state: Operation['state']): boolean =>
  state === 'done' || state === 'stopped' || state === 'cancelled' || state === 'failed';

/** A replay while it runs: how far, how fast, how long, and the means to hold or end it. */
export const ReplayProgress = ({ id }: { id: string }) => {
  const { data: operation } = useQuery(operationQuery(id));
  const command = useCommandOperation();
  if (!operation) return <Skeleton className="h-24" />;
  const share = operation.total > 0 ? operation.done / operation.total : null;
  const run = (name: OperationCommand) =>
    command.mutate(
      { id, command: name },
      { onError: (error) => toast.failed('The replay did not obey', error) },
    );
  return (
    <div className="flex flex-col gap-2.5">
      <p className="flex items-center gap-2 text-m">
        <StateDot tone={STATE_TONE[operation.state]} label={operation.state} />
        <span className="num ml-auto text-text-2">
          {formatCount(operation.done)} of {formatCount(operation.total)}
          {operation.failed > 0 ? (
            <span className="text-fail"> · {formatCount(operation.failed)} failed</span>
          ) : null}
        </span>
      </p>
      <ProgressBar
        label={operation.title}
        share={isOver(operation.state) ? 1 : share}
        tone={STATE_TONE[operation.state]}
        text={`${formatCount(operation.done)} of ${formatCount(operation.total)}`}
      />
      <p className="num text-s text-text-3">
        {isOver(operation.state)
          ? (operation.detail ?? 'It is over.')
          : `${formatRate(operation.measuredPerSecond)}/s · ${formatDuration(operation.etaMs)} left`}
      </p>
      {operation.detail && !isOver(operation.state) ? (
        <p className="text-s text-slow">{operation.detail}</p>
      ) : null}
      <div className="flex flex-wrap gap-2">
        {operation.state === 'running' ? (
          <Button busy={command.isPending} onClick={() => run('pause')}>
            Pause
          </Button>
        ) : null}
        {operation.state === 'paused' ? (
          <Button busy={command.isPending} onClick={() => run('resume')}>
            Resume
          </Button>
        ) : null}
        {isOver(operation.state) ? null : (
          <Button variant="danger" busy={command.isPending} onClick={() => run('cancel')}>
            Cancel the replay
          </Button>
        )}
        <Button asChild variant="ghost">
          <Link href={`/operations?id=${encodeURIComponent(id)}`}>Open in operations</Link>
        </Button>
      </div>
    </div>
  );
};
