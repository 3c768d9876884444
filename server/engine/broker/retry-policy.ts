import { type RetryPolicySettings } from '#contracts/subscription.ts';
import { type Random } from '../clock.ts';

/**
 * Time until the next attempt after `attempt` failed (1 = the first): `baseMs · factor^(attempt−1)`, at most `maxMs`,
 * drawn evenly from ± `jitter` around it.
 */
export function retryDelayMs(policy: RetryPolicySettings, attempt: number, random: Random): number {
  const planned = Math.min(policy.maxMs, policy.baseMs * policy.factor ** (attempt - 1));
  const drawn = planned * (1 + policy.jitter * (2 * random() - 1));
  return Math.max(0, Math.round(drawn));
}
