import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { type SubscriptionRuntime } from './subscription-runtime.ts';
import { type Subscriptions } from './subscriptions.ts';

type SubscriptionSyncDependencies = {
  readonly store: BrokerStore;
  readonly subscriptions: () => Subscriptions;
  readonly runtime: () => SubscriptionRuntime;
  readonly logger: Logger;
};

/**
 * Follows what other processes change of subscriptions: looks which rows have another revision, and reads those alone. Called when told,
 * and with every heartbeat.
 */
export class SubscriptionSync {
  readonly #deps: SubscriptionSyncDependencies;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(deps: SubscriptionSyncDependencies) {
    this.#deps = deps;
  }

  /** Resolves when everything that was changed before the call is followed. Never rejects. */
  sync(): Promise<void> {
    if (this.#next !== null) return this.#next;
    const before = this.#running;
    const next = (async () => {
      await before;
      this.#next = null;
      await this.#look().catch((error: unknown) =>
        this.#deps.logger.warn({ err: error }, 'changes of subscriptions are looked for again'),
      );
    })();
    this.#next = next;
    this.#running = next;
    return next;
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#deps;
    const subscriptions = this.#deps.subscriptions();
    subscriptions.startMissing();
    const revisions = await store.selectSubscriptionRevisions();
    const byName = new Map(revisions.map((one) => [one.name, one]));
    for (const entry of subscriptions.all()) {
      if (byName.get(entry.row.name)?.id !== entry.row.id && (await this.#isGone(entry)))
        await subscriptions.forget(entry);
    }
    for (const { name, revision, isHeld } of revisions) {
      const entry = subscriptions.find(name);
      const isKnown = entry?.row.revision === revision && entry.isHeld === isHeld;
      if (isKnown) continue;
      await this.#read(name).catch((error: unknown) =>
        logger.warn({ err: error, subscription: name }, 'a changed subscription is read again'),
      );
    }
  }

  /** The list may be older than the entry. */
  async #isGone(entry: SubscriptionEntry): Promise<boolean> {
    const row = await this.#deps.store.selectSubscription(entry.row.name);
    return row?.id !== entry.row.id;
  }

  async #read(name: string): Promise<void> {
    const { store } = this.#deps;
    const entry = this.#deps.subscriptions().find(name);
    if (entry === undefined) {
      const row = await store.selectSubscription(name);
      if (row !== null) await this.#deps.subscriptions().adopt(row);
      return;
    }
    await entry.exclusive(async () => {
      const row = await store.selectSubscription(name);
      if (row !== null && row.id === entry.row.id) await this.#deps.runtime().catchUp(entry, row);
    });
  }
}
