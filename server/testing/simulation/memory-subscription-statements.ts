import { type BrokerStatements } from '#server/engine/broker/broker-store.ts';
import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';
import { isHeld, type MemoryState, type Tables } from './memory-tables.ts';

const NO_BREAKER = { state: 'closed', sinceMs: 0, held: false, forcedMs: 0 } as const;

/** Subscriptions and what is told of them; each does what the statement of the same name does. */
export function subscriptionStatements(state: MemoryState) {
  const change = (id: number, to: Partial<SubscriptionRow>): SubscriptionRow => {
    const { tables } = state;
    const row = tables.subscriptions.find((one) => one.id === id);
    if (row === undefined) throw new Error(`there is no subscription ${id}`);
    const updatedAt = new Date(state.now()).toISOString();
    const changed = { ...row, ...to, updatedAt, revision: row.revision + 1 };
    tables.subscriptions = tables.subscriptions.map((one) => (one === row ? changed : one));
    return shown(changed);
  };
  const shown = (row: SubscriptionRow): SubscriptionRow => ({
    ...row,
    isHeld: isHeld(state, row.id),
  });
  return {
    insertSubscription: async (row) => {
      const { tables } = state;
      if (tables.subscriptions.some((one) => one.name === row.name)) return null;
      const at = new Date(state.now()).toISOString();
      const times = { createdAt: at, updatedAt: at };
      const { breaker, ...given } = row;
      const inserted: SubscriptionRow = {
        ...given,
        ...times,
        id: state.nextId(),
        state: 'running',
        breaker: { ...NO_BREAKER, ...breaker },
        revision: 0,
        isHeld: false,
        heldUntilMs: 0,
      };
      tables.subscriptions.push(inserted);
      return inserted;
    },
    updateSubscription: async (id, to) => change(id, to),
    updateSubscriptionState: async (id, to) => change(id, { state: to }),
    updateSubscriptionBreaker: async (id, breaker) => {
      const known = state.tables.subscriptions.find((one) => one.id === id);
      change(id, { breaker: { ...NO_BREAKER, ...known?.breaker, ...breaker } });
    },
    updateSubscriptionHold: async (subscriptionId, ms) => {
      const { tables } = state;
      const untilMs = state.now() + ms;
      const others = tables.holds.filter((hold) => hold.subscriptionId !== subscriptionId);
      tables.holds = [...others, { subscriptionId, untilMs }];
      return change(subscriptionId, { heldUntilMs: untilMs }).heldUntilMs;
    },
    lockSubscription: async (id, revision) =>
      state.tables.subscriptions.some((one) => one.id === id && one.revision === revision),
    selectSubscription: async (name) => {
      const row = state.tables.subscriptions.find((one) => one.name === name);
      return row === undefined ? null : shown(row);
    },
    selectSubscriptionRevisions: async () =>
      state.tables.subscriptions.map(({ id, name, revision }) => ({
        id,
        name,
        revision,
        isHeld: isHeld(state, id),
      })),
    deleteSubscription: async (id) => {
      removeFrom(state.tables, id);
    },
    selectSubscriptions: async () =>
      state.tables.subscriptions.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(shown),
    insertOutbox: async (rows) => {
      state.tables.outbox.push(...rows);
    },
  } satisfies Partial<BrokerStatements>;
}

/** With everything that refers to it. */
function removeFrom(tables: Tables, id: number): void {
  const stays = (row: { readonly subscriptionId: number }) => row.subscriptionId !== id;
  tables.subscriptions = tables.subscriptions.filter((row) => row.id !== id);
  tables.leases = tables.leases.filter(stays);
  tables.cursors = tables.cursors.filter(stays);
  tables.claims = tables.claims.filter(stays);
  tables.retries = tables.retries.filter(stays);
  tables.attempts = tables.attempts.filter(stays);
  tables.letters = tables.letters.filter(stays);
  tables.processed = tables.processed.filter(stays);
}
