import { EngineError } from '../errors.ts';
import { type Redelivery, type SettledLetter, type TargetState } from './redelivery.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { type Subscriptions } from './subscriptions.ts';

/** Replays and redrives through the runners of their subscriptions. */
export function createRedelivery(
  subscriptions: Subscriptions,
  {
    listeners,
    wake,
    servedElsewhere,
  }: {
    readonly listeners: Set<(letter: SettledLetter) => void>;
    /** Retries were written for the subscription, wherever its partitions are. */
    readonly wake: (subscription: string) => void;
    readonly servedElsewhere: () => readonly string[];
  },
): Redelivery {
  return {
    deliver: async (subscription, record, { operationId }) => {
      const { runner } = subscriptions.require(subscription);
      if (runner === null) {
        throw new EngineError(
          'stopping',
          `Nothing handles deliveries to ${subscription} now; try again later.`,
        );
      }
      return runner.replay(record, operationId);
    },
    redrive: async (tx, letterIds, operationId) => {
      const taken = await tx.updateLettersRetrying(letterIds, operationId);
      const ids = taken.map((letter) => letter.letterId);
      await tx.insertRedriveRetries(ids, operationId);
      return taken;
    },
    wake,
    onLetterSettled: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    targetState: (subscription) => {
      const entry = subscriptions.find(subscription);
      if (entry === undefined) return { type: 'unknown' };
      return stateOf(entry, () => servedElsewhere().includes(subscription));
    },
  };
}

function stateOf(entry: SubscriptionEntry, isElsewhere: () => boolean): TargetState {
  const { name, state } = entry.row;
  const waiting = (reason: Extract<TargetState, { type: 'waiting' }>['reason'], is: string) =>
    ({ type: 'waiting', reason, detail: `waiting: ${name} ${is}` }) as const;
  if (state !== 'running') return waiting(state, `is ${state}`);
  if (entry.runner === null && !isElsewhere())
    return waiting('no-handler', 'has no handler in any process');
  if (entry.breaker.state.state === 'open') return waiting('breaker-open', 'has an open breaker');
  return { type: 'running' };
}
