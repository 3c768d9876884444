import { type Lag, type Subscription } from '#contracts/subscription.ts';

import { type PartitionRow } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type Topics } from '../engine-parts.ts';
import { type EventLog } from '../log/event-log.ts';
import { type BrokerStore } from './broker-store.ts';
import { partitionKey } from './owned-partition.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { type Subscriptions } from './subscriptions.ts';

/** Counts and ages are at most this old. */
const FRESH_MS = 500;

type PartitionLag = Lag['partitions'][number];

type Snapshot = {
  readonly takenMs: number;
  readonly rows: ReadonlyMap<number, readonly PartitionRow[]>;
  readonly retries: ReadonlyMap<number, { readonly retrying: number; readonly parked: number }>;
  readonly letters: ReadonlyMap<number, number>;
  /** When the first unhandled event was recorded, by subscription and partition. */
  readonly oldest: ReadonlyMap<string, string>;
};

type SubscriptionViewDependencies = {
  readonly store: BrokerStore;
  readonly topics: Topics;
  readonly clock: Clock;
  readonly subscriptions: Pick<Subscriptions, 'all' | 'topicsOf'>;
  readonly head: (topicId: number, partition: number) => number;
  readonly nodeId: string;
  readonly log: Pick<EventLog, 'lowOffset'>;
};

/** Subscriptions as the API shows them. Offsets come from memory where this process owns them; counts from one query for all. */
export class SubscriptionView {
  readonly #deps: SubscriptionViewDependencies;
  #snapshot: Promise<Snapshot> | undefined;
  #takenMs = Number.NEGATIVE_INFINITY;

  constructor(deps: SubscriptionViewDependencies) {
    this.#deps = deps;
  }

  /** The next view asks the database again. */
  invalidate(): void {
    this.#takenMs = Number.NEGATIVE_INFINITY;
  }

  async describe(entry: SubscriptionEntry): Promise<Subscription> {
    const snapshot = await this.#fresh();
    const { row, runner, breaker } = entry;
    const { breaker: breakerSettings, ...settings } = row.settings;
    const partitions = this.#partitionsOf(entry, snapshot);
    const { state } = breaker;
    return {
      ...settings,
      name: row.name,
      state: row.state,
      breaker: {
        state: state.state,
        since: new Date(state.sinceMs).toISOString(),
        failures: breaker.failures,
      },
      breakerSettings,
      handlerVersion: row.handlerVersion,
      scenario: row.scenario,
      topics: this.#deps.subscriptions.topicsOf(entry).map((topic) => topic.name),
      lag: partitions.reduce((sum, partition) => sum + partition.lag, 0),
      oldestUnhandledAgeMs: oldestOf(partitions),
      problem: partitions.some((each) => each.problem !== null) ? 'offset-out-of-range' : null,
      inFlight: runner?.inFlight ?? 0,
      retrying: snapshot.retries.get(row.id)?.retrying ?? 0,
      parked: snapshot.retries.get(row.id)?.parked ?? 0,
      deadLetters: snapshot.letters.get(row.id) ?? 0,
      rates: entry.meter.rates(),
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    };
  }

  async lag(entry: SubscriptionEntry): Promise<Omit<Lag, 'clearsInMs'>> {
    const partitions = this.#partitionsOf(entry, await this.#fresh());
    return {
      subscription: entry.row.name,
      partitions,
      total: partitions.reduce((sum, partition) => sum + partition.lag, 0),
      oldestUnhandledAgeMs: oldestOf(partitions),
    };
  }

  #fresh(): Promise<Snapshot> {
    const now = this.#deps.clock.monotonicMs();
    if (this.#snapshot !== undefined && now - this.#takenMs < FRESH_MS) return this.#snapshot;
    this.#takenMs = now;
    const taking = this.#take(now);
    this.#snapshot = taking;
    taking.catch(() => this.invalidate());
    return taking;
  }

  async #take(takenMs: number): Promise<Snapshot> {
    const { store } = this.#deps;
    const [partitions, retries, letters] = await Promise.all([
      store.selectPartitions(null),
      store.selectRetryCounts(),
      store.selectUnsettledLetterCounts(),
    ]);
    const rows = Map.groupBy(partitions, (partition) => partition.subscriptionId);
    const snapshot = {
      takenMs,
      rows,
      retries: new Map(retries.map((one) => [one.subscriptionId, one])),
      letters: new Map(letters.map((one) => [one.subscriptionId, one.letters])),
    };
    return { ...snapshot, oldest: await this.#oldest(rows) };
  }

  /** One probe per partition that lags; subscriptions that stand at the same event share it. */
  async #oldest(rows: Snapshot['rows']): Promise<Map<string, string>> {
    const wanted = new Map<string, { topicId: number; partition: number; offset: number }>();
    for (const entry of this.#deps.subscriptions.all()) {
      for (const row of rows.get(entry.row.id) ?? []) {
        const offset = committedOf(entry, row);
        if (offset >= this.#deps.head(row.topicId, row.partition)) continue;
        const { topicId, partition } = row;
        wanted.set(`${topicId}:${partition}:${offset}`, { topicId, partition, offset });
      }
    }
    const events = await this.#deps.store.selectEventsAtOffsets([...wanted.values()]);
    const oldest = new Map(
      events.map((event) => [
        `${event.topicId}:${event.partition}:${event.from}`,
        event.recordedAt,
      ]),
    );
    return oldest;
  }

  #partitionsOf(entry: SubscriptionEntry, snapshot: Snapshot): PartitionLag[] {
    const now = this.#deps.clock.now();
    return rowsOf(entry, snapshot).map((row) => {
      const { topicId, partition } = row;
      const committed = committedOf(entry, row);
      const head = Math.max(this.#deps.head(topicId, partition), committed);
      const low = this.#deps.log.lowOffset(topicId, partition);
      const lag = head - Math.max(committed, low);
      const oldest =
        snapshot.oldest.get(`${topicId}:${partition}:${committed}`) ??
        snapshot.oldest.get(`${topicId}:${partition}:${row.committed}`);
      const owned = entry.runner?.intake.partitions.get(partitionKey(topicId, partition));
      const isOurs = entry.row.settings.mode === 'stream' && owned !== undefined;
      return {
        topic: this.#deps.topics.findById(topicId)?.name ?? `#${topicId}`,
        partition,
        head,
        committed,
        lag,
        oldestUnhandledAgeMs:
          lag === 0 || oldest === undefined ? null : Math.max(0, now - Date.parse(oldest)),
        owner: isOurs ? this.#deps.nodeId : row.owner,
        low,
        problem: problemOf(row, owned, { committed, low }),
      };
    });
  }
}

/** As they are stored, with those this process took since. */
function rowsOf(entry: SubscriptionEntry, snapshot: Snapshot): readonly PartitionRow[] {
  const stored = snapshot.rows.get(entry.row.id) ?? [];
  const owned = entry.runner?.intake.partitions;
  if (owned === undefined || owned.size <= stored.length) return stored;
  const known = new Set(stored.map((row) => partitionKey(row.topicId, row.partition)));
  const taken = [...owned.entries()].filter(([key]) => !known.has(key));
  return [
    ...stored,
    ...taken.map(([, { topicId, partition, stored: committed }]) => ({
      subscriptionId: entry.row.id,
      topicId,
      partition,
      committed,
      committedPosition: 0,
      owner: null,
      problem: null,
    })),
  ];
}

/** Who delivers it knows best: what it wants next may be beyond what is committed. */
function problemOf(
  row: PartitionRow,
  owned: { readonly outOfRange: boolean } | undefined,
  at: { readonly committed: number; readonly low: number },
): PartitionLag['problem'] {
  const isOut = owned === undefined ? at.committed < at.low : owned.outOfRange;
  return isOut || (row.problem !== null && at.committed < at.low) ? 'offset-out-of-range' : null;
}

/** What this process knows is newer than what it has stored. */
function committedOf(entry: SubscriptionEntry, row: PartitionRow): number {
  const owned = entry.runner?.intake.partitions.get(partitionKey(row.topicId, row.partition));
  return owned?.progress.watermark ?? row.committed;
}

function oldestOf(partitions: readonly PartitionLag[]): number | null {
  const ages = partitions.flatMap((partition) => partition.oldestUnhandledAgeMs ?? []);
  return ages.length === 0 ? null : Math.max(...ages);
}
