import { type ReactNode } from 'react';
import { Time } from '#components/ui/time.tsx';
import { type Subscription } from '#contracts/subscription.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';

const RETRIES_LISTED = 6;
const ON_FAILURE = {
  block: 'the partition waits for it',
  'park-key': 'only its key waits',
  skip: 'nothing waits',
} as const;

/** What it was set up with. Facts only: handlers are set up in code, others with PUT. */
export function ConsumerSettings({ subscription }: { subscription: Subscription }) {
  const { retry, breakerSettings, delivery } = subscription;
  return (
    <aside aria-label="Settings" className="min-w-0">
      <h2 className="mb-1 text-m font-semibold">Retry policy</h2>
      <Facts
        facts={[
          ['Retries', formatCount(retry.maxRetries)],
          ['Waits', delaysOf(retry)],
          ['Jitter', `± ${Math.round(retry.jitter * 100)} %`],
          ['While it retries', ON_FAILURE[subscription.onFailure]],
        ]}
      />
      <h2 className="mt-5 mb-1 text-m font-semibold">Breaker</h2>
      <Facts
        facts={[
          [
            'Opens after',
            `${formatPlural(breakerSettings.failures, 'failure')} in ${formatDuration(breakerSettings.windowMs)}`,
          ],
          ['Tries again after', formatDuration(breakerSettings.openMs)],
          ['Failures now', formatCount(subscription.breaker.failures)],
        ]}
      />
      <h2 className="mt-5 mb-1 text-m font-semibold">Settings</h2>
      <Facts
        facts={[
          ['Delivery', delivery.kind],
          delivery.kind === 'pull'
            ? ['Time to acknowledge', formatDuration(delivery.visibilityMs)]
            : ['Handler', delivery.handler ?? subscription.name],
          ['Mode', subscription.mode],
          ['Concurrency', formatCount(subscription.concurrency)],
          ['At most in flight', formatCount(subscription.maxInFlight)],
          ['Began with', startWords(subscription.start)],
          ['Created', <Time key="created" at={subscription.createdAt} />],
          ['Changed', <Time key="changed" at={subscription.updatedAt} />],
        ]}
      />
    </aside>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="m-0 text-s">
      {facts.map(([term, fact]) => (
        <div key={term} className="flex gap-3 border-b border-line py-1.5 last:border-0">
          <dt className="w-36 shrink-0 text-text-3">{term}</dt>
          <dd className="m-0 min-w-0 break-words">{fact}</dd>
        </div>
      ))}
    </dl>
  );
}

/** "1 s, 2 s, 4 s". */
function delaysOf({ maxRetries, baseMs, factor, maxMs }: Subscription['retry']): string {
  if (maxRetries === 0) return 'never';
  const delays = Array.from({ length: Math.min(maxRetries, RETRIES_LISTED) }, (_, index) =>
    formatDuration(Math.min(baseMs * factor ** index, maxMs)),
  );
  const rest = maxRetries > RETRIES_LISTED ? `, … at most ${formatDuration(maxMs)}` : '';
  return delays.join(', ') + rest;
}

function startWords(start: Subscription['start']): string {
  if (typeof start === 'string') return start;
  return 'time' in start ? start.time : `position ${formatCount(start.position)}`;
}
