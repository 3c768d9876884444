import { type RetryPolicySettings } from '#contracts/subscription.ts';
import { type Random } from '../clock.ts';
import { type Failure } from './failure.ts';
import { retryDelayMs } from './retry-policy.ts';

export type DeliveryDecision =
  | { readonly type: 'retry'; readonly delayMs: number }
  | { readonly type: 'dead'; readonly reason: 'exhausted' | 'not-retryable' | 'at-most-once' };

/**
 * What becomes of an event whose attempt number `attempt` failed. A delivery that must happen at most once is never tried again
 * by itself: it becomes a letter, and a person decides.
 */
export function decideAfterFailure(
  attempt: number,
  failure: Failure,
  rules: {
    readonly retry: RetryPolicySettings;
    readonly atMostOnce: boolean;
    /** Given by a receiver that knows better than the policy. */
    readonly delayMs?: number | undefined;
    readonly random: Random;
  },
): DeliveryDecision {
  if (!failure.retryable) return { type: 'dead', reason: 'not-retryable' };
  if (rules.atMostOnce) return { type: 'dead', reason: 'at-most-once' };
  if (attempt > rules.retry.maxRetries) return { type: 'dead', reason: 'exhausted' };
  return {
    type: 'retry',
    delayMs: rules.delayMs ?? retryDelayMs(rules.retry, attempt, rules.random),
  };
}
