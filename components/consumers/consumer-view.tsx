'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type Subscription } from '#contracts/subscription.ts';
import { ApiError } from '#lib/api/client.ts';
import { formatPlural } from '#lib/format/number.ts';
import { subscriptionQuery } from '#lib/queries/subscriptions.ts';
import { ConsumerCharts } from './consumer-charts.tsx';
import { ConsumerHeader } from './consumer-header.tsx';
import { ConsumerSettings } from './consumer-settings.tsx';
import { consumerState, STATE_LABEL } from './consumer-state.ts';
import { ConsumerStats } from './consumer-stats.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { LatestLetters } from './latest-letters.tsx';
import { PartitionTable } from './partition-table.tsx';
import { QueryTrouble, StaleNote } from './query-trouble.tsx';
import { ResetDialog } from './reset-dialog.tsx';
import { type ConsumerActions, useConsumerActions } from './use-consumer-actions.ts';

/** Everything about one consumer: how it stands, how it got there, and what can be done. */
export function ConsumerView({ name }: { name: string }) {
  const query = useQuery(subscriptionQuery(name));
  const actions = useConsumerActions();
  if (query.isPending) return <ConsumerSkeleton />;
  const trouble = query.error
    ? { error: query.error, isFetching: query.isFetching, onRetry: () => void query.refetch() }
    : null;
  const isGone = query.error instanceof ApiError && query.error.status === 404;
  if (trouble && (!query.data || isGone)) return <QueryTrouble {...trouble} what={name} />;
  if (!query.data) return null;
  return (
    <>
      {trouble ? <StaleNote {...trouble} readAt={query.dataUpdatedAt} /> : null}
      <Consumer subscription={query.data} actions={actions} />
    </>
  );
}

function Consumer(props: { subscription: Subscription; actions: ConsumerActions }) {
  const { subscription, actions } = props;
  const { name } = subscription;
  const [open, setOpen] = useState<'reset' | 'delete' | null>(null);
  const togglePause = () =>
    subscription.state === 'paused' ? actions.resume(name) : actions.pause(name);
  useShortcut('p', togglePause, {
    label: 'Pause or resume',
    group: 'Consumer',
    isEnabled: subscription.state !== 'disabled',
  });
  useShortcut('r', () => setOpen('reset'), { label: 'Reset its place', group: 'Consumer' });
  return (
    <div className="mx-auto flex max-w-[1600px] flex-col gap-5 p-4">
      <LiveRegion
        text={`${name}: ${STATE_LABEL[consumerState(subscription)]}. ${formatPlural(subscription.deadLetters, 'open dead letter')}.`}
      />
      <ConsumerHeader
        subscription={subscription}
        actions={actions}
        onTogglePause={togglePause}
        onReset={() => setOpen('reset')}
        onDelete={() => setOpen('delete')}
      />
      <ConsumerStats subscription={subscription} />
      {subscription.state === 'disabled' ? (
        <EmptyState kind="not-enabled" title="This consumer is disabled" className="py-6">
          Nothing is delivered to it. Its code has to be started again, or its settings put again.
        </EmptyState>
      ) : null}
      <ConsumerCharts name={name} />
      <div className="grid min-w-0 gap-5 lg:grid-cols-[minmax(0,1fr)_340px]">
        <div className="flex min-w-0 flex-col gap-5">
          <PartitionTable name={name} />
          <LatestLetters name={name} />
        </div>
        <ConsumerSettings subscription={subscription} />
      </div>
      {open === 'reset' ? (
        <ResetDialog name={name} actions={actions} onClose={() => setOpen(null)} />
      ) : null}
      <DeleteDialog
        subscription={subscription}
        open={open === 'delete'}
        onOpenChange={(isOpen) => setOpen(isOpen ? 'delete' : null)}
      />
    </div>
  );
}

function ConsumerSkeleton() {
  return (
    <div
      role="status"
      aria-label="Loading"
      className="mx-auto flex max-w-[1600px] flex-col gap-5 p-4"
    >
      <Skeleton className="h-24" />
      <Skeleton className="h-[114px]" />
      <Skeleton className="h-56" />
      <Skeleton className="h-72" />
    </div>
  );
}
