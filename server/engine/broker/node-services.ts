import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { Membership } from '../nodes/membership.ts';
import { type NodeSignals } from '../nodes/node-signals.ts';
import { type Service } from '../service.ts';
import { createAssignments } from './assignments.ts';
import { type BrokerStore } from './broker-store.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { type RuntimeDependencies, type SubscriptionRuntime } from './subscription-runtime.ts';
import { SubscriptionSync } from './subscription-sync.ts';
import { type Subscriptions } from './subscriptions.ts';

/** A pull subscription is served by a process for this long after a receiver asked there. */
const RECEIVER_RECENT_MS = 15_000;
const MAX_SWEEPS = 100;

type NodeServicesDependencies = {
  readonly store: BrokerStore;
  readonly signals: NodeSignals;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: () => SubscriptionRuntime;
  readonly subscriptions: () => Subscriptions;
};

export type NodeServices = {
  readonly membership: Membership;
  readonly signals: NodeSignals;
  /** Names of the subscriptions that other nodes can deliver to and this one cannot. */
  servedElsewhere(): readonly string[];
  /** Follows what other processes changed of subscriptions. */
  sync(): Promise<void>;
  /** What runners need to know of the nodes. */
  readonly leases: Pick<
    RuntimeDependencies,
    'owner' | 'isFresh' | 'onReleased' | 'onChanged' | 'assignment'
  >;
  /** What this process serves has changed; resolves when the others can know, and when what is free is taken. */
  servesChanged(): Promise<void>;
  /** Somebody asks for deliveries here. */
  received(entry: SubscriptionEntry): Promise<void>;
  readonly services: readonly Service[];
};

/** What makes several brokers on one database one: who is there, who serves what, and what they tell each other. */
export function createNodeServices(deps: NodeServicesDependencies): NodeServices {
  const { store, signals, clock, logger, nodeId } = deps;
  const all = (): readonly SubscriptionEntry[] => deps.subscriptions().all();

  const servesHere = (entry: SubscriptionEntry): boolean => {
    if (!deps.runtime().canRun(entry)) return false;
    if (entry.row.settings.delivery.kind !== 'pull') return true;
    const isWaiting = entry.pull?.isWanted === true;
    return isWaiting || clock.monotonicMs() - entry.receivedMs < RECEIVER_RECENT_MS;
  };

  const sync = new SubscriptionSync(deps);
  const membership: Membership = new Membership({
    store,
    nodeId,
    clock,
    logger,
    serves: () =>
      all()
        .filter(servesHere)
        .map((entry) => entry.row.id)
        .toSorted((a, b) => a - b),
    onBeat: async () => {
      await sync.sync();
      const retrying = new Set(await store.selectSubscriptionsWithRetries());
      for (const entry of all()) await refreshEntry(entry, logger, retrying.has(entry.row.id));
    },
    onLapse: () => deps.subscriptions().abandon(),
    onRejoin: () => deps.subscriptions().restart(),
    onReplaced: () => deps.subscriptions().abandon(),
    tellOthers: () => signals.send('members'),
    sweep: async () => {
      for (let i = 0; i < MAX_SWEEPS; i += 1) if ((await store.deleteOldProcessed()) === 0) return;
    },
  });

  const byId = (about: number | null, act: (entry: SubscriptionEntry) => void): void => {
    for (const entry of all()) if (about === null || entry.row.id === about) act(entry);
  };
  signals.on('members', () => void membership.beatNow());
  signals.on('released', (about) => byId(about, (entry) => void refreshEntry(entry, logger)));
  signals.on('subscriptions', () => void sync.sync().then(() => membership.beatNow()));
  signals.on('retries', (about) => byId(about, (entry) => entry.runner?.wakeRetries()));

  return {
    membership,
    signals,
    servedElsewhere: () => {
      const ids = new Set(membership.others.flatMap((node) => node.serves));
      const elsewhere = all().filter((entry) => ids.has(entry.row.id) && !servesHere(entry));
      return elsewhere.map((entry) => entry.row.name);
    },
    sync: () => sync.sync(),
    leases: {
      owner: () => membership.owner,
      isFresh: () => membership.isFresh,
      onReleased: (id) => signals.send('released', id),
      onChanged: () => signals.send('subscriptions'),
      assignment: createAssignments({
        membership,
        partitionsOf: (entry) => deps.subscriptions().partitionsOf(entry),
        servesHere,
      }),
    },
    servesChanged: () => tellWhatIsServed(membership),
    received: async (entry) => {
      const isNew = entry.row.settings.mode === 'stream' && !servesHere(entry);
      entry.receivedMs = clock.monotonicMs();
      if (isNew && membership.others.length > 0) await membership.beatNow();
    },
    services: [membership],
  };
}

async function refreshEntry(
  entry: SubscriptionEntry,
  logger: Logger,
  hasRetries = true,
): Promise<void> {
  await entry.runner
    ?.refresh(hasRetries)
    .catch((error: unknown) =>
      logger.warn({ err: error, subscription: entry.row.name }, 'it is looked after again'),
    );
}

/** Alone, nobody needs to know before it goes on. */
async function tellWhatIsServed(membership: Membership): Promise<void> {
  const told = membership.beatNow();
  if (membership.others.length > 0) await told;
}
