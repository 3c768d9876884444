'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { type ReactNode } from 'react';
import { Badge } from '#components/ui/badge.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Drawer } from '#components/ui/drawer.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { JsonViewer } from '#components/ui/json-viewer.tsx';
import { ProgressBar } from '#components/ui/progress-bar.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { Stat, StatGrid } from '#components/ui/stat.tsx';
import { Time } from '#components/ui/time.tsx';
import { type Operation } from '#contracts/operation.ts';
import { formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { operationQuery } from '#lib/queries/operations.ts';
import { OperationCommands } from './operation-commands.tsx';
import { STATE_TONE, shareOf } from './operation-words.ts';

/** One operation whole; it has an address of its own (`?id=`). */
export function OperationDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(operationQuery(id));
  const operation = query.data;
  return (
    <Drawer
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={operation?.title ?? 'Operation'}
      description={
        <span className="flex items-center gap-1">
          <code className="num truncate">{id}</code>
          <CopyButton value={id} label="Copy the id" />
        </span>
      }
    >
      {operation ? <OperationDetails operation={operation} /> : null}
      {!operation && query.isPending ? <SkeletonRows count={6} /> : null}
      {!operation && query.error ? (
        <ErrorState
          title="The operation cannot be read"
          detail={query.error.message}
          onRetry={() => void query.refetch()}
        />
      ) : null}
    </Drawer>
  );
}

function OperationDetails({ operation }: { operation: Operation }) {
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-center gap-3">
        <Badge tone={STATE_TONE[operation.state]}>{operation.state}</Badge>
        <span className="ml-auto">
          <OperationCommands operation={operation} />
        </span>
      </div>
      <ProgressBar
        label="Progress"
        share={shareOf(operation)}
        tone={STATE_TONE[operation.state]}
        text={`${operation.done + operation.failed} of ${operation.total}`}
      />
      {operation.detail ? <p className="text-s text-text-2">{operation.detail}</p> : null}
      <StatGrid>
        <Stat label="Acknowledged" value={formatCount(operation.done)} />
        <Stat
          label="Failed"
          value={formatCount(operation.failed)}
          tone={operation.failed > 0 ? 'fail' : undefined}
        />
        <Stat label="Of" value={formatCount(operation.total)} />
        <Stat label="Rate" value={formatRate(operation.measuredPerSecond)} unit="/s" />
        <Stat label="Left" value={formatEstimate(operation.etaMs)} />
        <Stat label="At position" value={formatCount(operation.position)} />
      </StatGrid>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-s">
        <Fact name="Target">
          {operation.target ? (
            <Link
              className="text-accent hover:underline"
              href={`/consumers/${encodeURIComponent(operation.target)}`}
            >
              {operation.target}
            </Link>
          ) : (
            '–'
          )}
        </Fact>
        <Fact name="By">{operation.actor}</Fact>
        <Fact name="Why">{operation.reason ?? '–'}</Fact>
        <Fact name="Created">
          <Time at={operation.createdAt} />
        </Fact>
        <Fact name="Started">
          <Time at={operation.startedAt} />
        </Fact>
        <Fact name="Finished">
          <Time at={operation.finishedAt} />
        </Fact>
      </dl>
      <JsonViewer label="What was asked for" value={operation.params} />
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-text-3">{name}</dt>
      <dd className="m-0 min-w-0 break-words">{children}</dd>
    </>
  );
}
