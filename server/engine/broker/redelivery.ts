import { type LogRecord } from '../log/event-record.ts';
import { type BrokerStatements } from './broker-store.ts';

/** How a letter that was given back to its consumer ended. */
export type SettledLetter = {
  readonly letterId: string;
  readonly subscription: string;
  /** Null for a single retry by hand. */
  readonly operationId: string | null;
  readonly outcome: 'resolved' | 'dead';
};

/** Whether deliveries to a subscription move now; `detail` is a sentence for an operation that waits for it. */
export type TargetState =
  | { readonly type: 'running' }
  | {
      readonly type: 'waiting';
      readonly reason: 'paused' | 'disabled' | 'breaker-open' | 'no-handler';
      readonly detail: string;
    }
  | { readonly type: 'unknown' };

/**
 * What operations use of the broker: deliveries outside the log's order. They go only to their subscription, are marked with the
 * operation, and never move the group's offsets.
 */
export type Redelivery = {
  /**
   * Hands one event of a replay to the subscription and resolves when it was acknowledged or became a letter. Failures go through
   * the subscription's retry policy, durably. Waits while the target is paused. Rejects with EngineError: unknown-subscription
   * (also when it is removed meanwhile), stopping (call again after the restart: what is still being retried is joined, not repeated).
   */
  deliver(
    subscription: string,
    record: LogRecord,
    mark: { readonly operationId: string },
  ): Promise<'acknowledged' | 'dead'>;
  /**
   * In the caller's transaction: letters that may be retried (open, acknowledged, ignored) become `retrying` under the operation and
   * are due at once. Returns those it took with their subscriptions; call `wake` for each subscription after the commit.
   */
  redrive(
    tx: BrokerStatements,
    letterIds: readonly string[],
    operationId: string,
  ): Promise<readonly { readonly letterId: string; readonly subscription: string }[]>;
  wake(subscription: string): void;
  /** Calls back after the outcome is committed. Returns the way to stop. */
  onLetterSettled(listener: (letter: SettledLetter) => void): () => void;
  targetState(subscription: string): TargetState;
};
