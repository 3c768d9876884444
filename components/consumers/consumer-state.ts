import { type Tone } from '#components/ui/tone.ts';
import { type Subscription } from '#contracts/subscription.ts';

/** How a consumer stands, worst first. The first that applies counts. */
export const CONSUMER_STATES = [
  'breaker-open',
  'failing',
  'half-open',
  'behind',
  'disabled',
  'paused',
  'running',
  'quiet',
] as const;
export type ConsumerState = (typeof CONSUMER_STATES)[number];

export const STATE_LABEL: Readonly<Record<ConsumerState, string>> = {
  'breaker-open': 'Breaker open',
  failing: 'Failing',
  'half-open': 'Breaker half open',
  behind: 'Behind',
  disabled: 'Disabled',
  paused: 'Paused',
  running: 'Running',
  quiet: 'Quiet',
};

export const STATE_TONE: Readonly<Record<ConsumerState, Tone>> = {
  'breaker-open': 'fail',
  failing: 'fail',
  'half-open': 'slow',
  behind: 'slow',
  disabled: 'neutral',
  paused: 'paused',
  running: 'ok',
  quiet: 'neutral',
};

/** A consumer whose oldest waiting event is older than this is behind; the events it just got are not a lag. */
const BEHIND_MS = 5_000;
/** A share of failures above this is shown as failing; a single failure in a hundred is not yet. */
const FAILING_SHARE = 0.01;

/** Failed attempts as a share of all attempts of the last seconds; null while there are none. */
export function failingShare({ rates }: Subscription): number | null {
  const attempts = rates.handledPerSecond + rates.failedPerSecond;
  return attempts > 0 ? rates.failedPerSecond / attempts : null;
}

export function isFailing(subscription: Subscription): boolean {
  return (failingShare(subscription) ?? 0) > FAILING_SHARE;
}

export function isBehind(subscription: Subscription): boolean {
  return subscription.lag > 0 && (subscription.oldestUnhandledAgeMs ?? 0) > BEHIND_MS;
}

export function consumerState(subscription: Subscription): ConsumerState {
  const { state, breaker, rates } = subscription;
  if (state === 'paused' || state === 'disabled') return state;
  if (breaker.state === 'open') return 'breaker-open';
  if (isFailing(subscription)) return 'failing';
  if (breaker.state === 'half-open') return 'half-open';
  if (isBehind(subscription)) return 'behind';
  return rates.handledPerSecond > 0 ? 'running' : 'quiet';
}

/** Larger is worse. Dead letters waiting make the worse of two in the same state. */
export function severityOf(subscription: Subscription): number {
  const rank = CONSUMER_STATES.length - CONSUMER_STATES.indexOf(consumerState(subscription));
  return rank * 2 + (subscription.deadLetters > 0 ? 1 : 0);
}
