'use client';
import { useQuery } from '@tanstack/react-query';
import { Stat, StatGrid } from '#components/ui/stat.tsx';
import { type Lag, type Subscription } from '#contracts/subscription.ts';
import { formatDuration, formatEstimate } from '#lib/format/duration.ts';
import { formatCount, formatRate, formatShare } from '#lib/format/number.ts';
import { subscriptionLagQuery } from '#lib/queries/subscriptions.ts';
import { failingShare, isBehind, isFailing } from './consumer-state.ts';

/** The numbers of now. */
export function ConsumerStats({ subscription }: { subscription: Subscription }) {
  const lag = useQuery(subscriptionLagQuery(subscription.name)).data;
  const behind = isBehind(subscription) ? 'slow' : undefined;
  return (
    <StatGrid className="min-[700px]:grid-cols-5 min-[1600px]:grid-cols-10">
      <Stat label="Lag" value={formatCount(subscription.lag)} unit="events" tone={behind} />
      <Stat
        label="Oldest waits"
        value={formatDuration(subscription.oldestUnhandledAgeMs)}
        tone={behind}
      />
      <Stat label="Clears in" value={clearsIn(subscription, lag)} />
      <Stat label="Handled" value={formatRate(subscription.rates.handledPerSecond)} unit="/s" />
      <Stat
        label="Failing"
        value={formatShare(failingShare(subscription))}
        tone={isFailing(subscription) ? 'fail' : undefined}
      />
      <Stat label="Latency p95" value={formatDuration(subscription.rates.p95Ms)} />
      <Stat label="In flight" value={formatCount(subscription.inFlight)} />
      <Stat
        label="Retrying"
        value={formatCount(subscription.retrying)}
        tone={subscription.retrying > 0 ? 'slow' : undefined}
      />
      <Stat
        label="Parked"
        value={formatCount(subscription.parked)}
        tone={subscription.parked > 0 ? 'slow' : undefined}
      />
      <Stat
        label="Dead letters"
        value={formatCount(subscription.deadLetters)}
        tone={subscription.deadLetters > 0 ? 'fail' : undefined}
      />
    </StatGrid>
  );
}

function clearsIn({ lag, state }: Subscription, measured: Lag | undefined): string {
  if (lag === 0) return 'at head';
  if (state !== 'running') return state;
  const clears = measured?.clearsInMs ?? null;
  return clears === null ? 'not shrinking' : formatEstimate(clears);
}
