import { type Clock } from '../clock.ts';
import { type BrokerStatements, type BrokerStore } from './broker-store.ts';
import { type NodeServices } from './node-services.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';

/** Other processes have this long to end what they have in hand; their leases are void after that. */
const WITHIN_MS = 12_000;
/** A hold that nobody ends, because its process died, ends by itself. */
const HOLD_MS = 20_000;
const LOOK_EVERY_MS = 20;

/** Has the other processes give up what they have of a subscription while its offsets are moved by hand. Does nothing when there is none. */
export function createSubscriptionHold(deps: {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly nodes: Pick<NodeServices, 'membership' | 'signals'>;
}) {
  return {
    begin: async (entry: SubscriptionEntry): Promise<void> => {
      const { membership, signals } = deps.nodes;
      if (membership.others.length === 0) return;
      entry.isHeld = true;
      note(entry, await deps.store.updateSubscriptionHold(entry.row.id, HOLD_MS));
      signals.send('subscriptions');
      const until = deps.clock.monotonicMs() + WITHIN_MS;
      while (deps.clock.monotonicMs() < until) {
        const left = await deps.store.countPartitionsElsewhere(entry.row.id, membership.owner);
        if (left === 0) return;
        await deps.clock.sleep(LOOK_EVERY_MS);
      }
    },

    /** Together with the move: who did not hear of the hold, or came meanwhile, sees by its end that there was one. */
    endWith: (tx: BrokerStatements, entry: SubscriptionEntry): Promise<number> =>
      tx.updateSubscriptionHold(entry.row.id, 0),

    /** The transaction that ended it is done. */
    ended: (entry: SubscriptionEntry, heldUntilMs: number): void => {
      note(entry, heldUntilMs);
      entry.isHeld = false;
      deps.nodes.signals.send('subscriptions');
    },

    /** When it did not end with the move. */
    end: async (entry: SubscriptionEntry): Promise<void> => {
      if (!entry.isHeld) return;
      note(entry, await deps.store.updateSubscriptionHold(entry.row.id, 0));
      entry.isHeld = false;
      deps.nodes.signals.send('subscriptions');
    },
  };
}

/** Its own hold is nothing that this process has to follow. */
const note = (entry: SubscriptionEntry, heldUntilMs: number): void => {
  entry.row = { ...entry.row, heldUntilMs };
};
