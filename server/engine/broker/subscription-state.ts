/*
 * The state a person or a target's answer gives a subscription. The breaker is a machine of its own.
 *
 *   running ──pause──▶ paused ──resume──▶ running
 *   running|paused ──disable──▶ disabled ──resume──▶ running
 */
export type SubscriptionState = 'running' | 'paused' | 'disabled';
export type StateCommand = 'pause' | 'resume' | 'disable';

/** The state after the command; the same state when there is nothing to do; undefined when it is not allowed. */
export function nextState(
  state: SubscriptionState,
  command: StateCommand,
): SubscriptionState | undefined {
  if (command === 'pause') return state === 'disabled' ? undefined : 'paused';
  return command === 'resume' ? 'running' : 'disabled';
}
