import { type SubscriptionSettings } from '#contracts/subscription.ts';

import { type PartitionStart } from '#server/storage/partition-rows.ts';
import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';
import { type Clock } from '../clock.ts';
import { type Actor, type TopicInfo, type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type SystemEventType, systemRow } from '../system/system-events.ts';
import { type BrokerStatements, type BrokerStore } from './broker-store.ts';
import { againWhenChanged, changedMeanwhile } from './concurrent-change.ts';
import { type OffsetTargets } from './offset-targets.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { type SubscriptionRuntime } from './subscription-runtime.ts';
import { refuseImmutable, sameSettings } from './subscription-settings.ts';
import { nextState, type StateCommand } from './subscription-state.ts';
import { type TailWatch } from './tail-watch.ts';
import { hearsTopic } from './topic-pattern.ts';

/** More subscriptions than this are refused. */
export const MAX_SUBSCRIPTIONS = 2_000;

type SubscriptionsDependencies = {
  readonly store: BrokerStore;
  readonly topics: Topics;
  readonly runtime: SubscriptionRuntime;
  readonly targets: OffsetTargets;
  readonly tail: () => TailWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wakeOutbox: () => void;
  /** Follows what other processes changed. */
  readonly sync: () => Promise<void>;
};

type Meta = { readonly scenario: string | null; readonly handlerVersion: string | null };

/** All subscriptions: their rows, and what runs of them. Every change of a row is told on `$system` in the same transaction. */
export class Subscriptions {
  readonly #deps: SubscriptionsDependencies;
  readonly #entries = new Map<string, SubscriptionEntry>();
  #stopTopics: (() => void) | undefined;
  #loading: Promise<void> | undefined;

  constructor(deps: SubscriptionsDependencies) {
    this.#deps = deps;
  }

  find(name: string): SubscriptionEntry | undefined {
    return this.#entries.get(name);
  }

  require(name: string): SubscriptionEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined)
      throw new EngineError('unknown-subscription', `There is no subscription ${name}.`, {
        subscription: name,
      });
    return entry;
  }

  all(): SubscriptionEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.row.name < b.row.name ? -1 : 1));
  }

  topicsOf(entry: SubscriptionEntry): readonly TopicInfo[] {
    const globs = entry.row.settings.filter.topics;
    return this.#deps.topics.all().filter((topic) => hearsTopic(globs, topic.name));
  }

  /** All partitions of the topics it hears. */
  partitionsOf(entry: SubscriptionEntry): { topicId: number; partition: number }[] {
    return this.topicsOf(entry).flatMap((topic) =>
      Array.from({ length: topic.partitions }, (_, partition) => ({
        topicId: topic.id,
        partition,
      })),
    );
  }

  /** Another process made it. */
  async adopt(row: SubscriptionRow): Promise<void> {
    if (this.#entries.has(row.name)) return;
    const entry = this.#deps.runtime.entryOf(row);
    this.#entries.set(row.name, entry);
    await entry.exclusive(async () => {
      await this.#addPartitions(entry, this.topicsOf(entry));
      await this.#deps.runtime.start(entry);
    });
  }

  /** Another process removed it. */
  async forget(entry: SubscriptionEntry): Promise<void> {
    const { name } = entry.row;
    await entry.exclusive(async () => {
      await this.#deps.runtime.stop(entry, goneError(name));
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    });
  }

  /** Reads all subscriptions; once. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async start(): Promise<void> {
    await this.load();
    this.#deps.runtime.open();
    this.#stopTopics = this.#deps.topics.onChange((topic) => this.#onTopic(topic));
    for (const entry of this.#entries.values()) {
      await entry.exclusive(async () => {
        await this.#addPartitions(entry, this.topicsOf(entry));
        await this.#deps.runtime.start(entry);
      });
    }
  }

  async stop(): Promise<void> {
    this.#stopTopics?.();
    this.#deps.runtime.close();
    const stopped = await Promise.allSettled(
      [...this.#entries.values()].map((entry) =>
        entry.exclusive(() => this.#deps.runtime.stop(entry)),
      ),
    );
    for (const result of stopped) {
      if (result.status === 'rejected')
        this.#deps.logger.error({ err: result.reason }, 'a subscription did not stop cleanly');
    }
  }

  /** This process was thought dead: everything in hand is dropped, and nothing is stored. */
  abandon(): void {
    for (const entry of this.#entries.values()) this.#deps.runtime.abandon(entry);
  }

  /** Begins again with what can be had. */
  async restart(): Promise<void> {
    for (const entry of this.#entries.values())
      await entry.exclusive(() => this.#deps.runtime.start(entry));
  }

  /** What should run and could not be started, because the database was away, is started. */
  startMissing(): void {
    for (const entry of this.#entries.values()) {
      if (entry.runner !== null) continue;
      entry
        .exclusive(() => this.#deps.runtime.start(entry))
        .catch((error: unknown) =>
          this.#deps.logger.warn(
            { err: error, subscription: entry.row.name },
            'a subscription could not be started yet',
          ),
        );
    }
  }

  offer(record: LogRecord, woken: Set<SubscriptionEntry>): void {
    for (const entry of this.#entries.values()) {
      if (entry.runner?.offer(record) === true) woken.add(entry);
    }
  }

  /** Makes the subscription exist with these settings. */
  async put(
    name: string,
    settings: SubscriptionSettings,
    change: Meta & { readonly actor: Actor },
  ): Promise<{ entry: SubscriptionEntry; created: boolean }> {
    await this.load();
    // Refuses a bad predicate before anything is written.
    this.#deps.runtime.matcherOf(settings.filter);
    return againWhenChanged(this.#deps.sync, async () => {
      const known = this.#entries.get(name);
      if (known !== undefined) {
        await this.#change(known, settings, change);
        return { entry: known, created: false };
      }
      if (this.#entries.size >= MAX_SUBSCRIPTIONS)
        throw new EngineError(
          'invalid-request',
          `There can be ${MAX_SUBSCRIPTIONS} subscriptions.`,
        );
      return { entry: await this.#create(name, settings, change), created: true };
    });
  }

  /** Pause, resume or disable. Does nothing when it is so already. */
  async command(name: string, command: StateCommand, actor: Actor): Promise<SubscriptionEntry> {
    const entry = this.require(name);
    await this.#exclusively(entry, async () => {
      const state = nextState(entry.row.state, command);
      if (state === undefined)
        throw new EngineError('wrong-state', `Subscription ${name} is ${entry.row.state}.`, {
          state: entry.row.state,
        });
      if (state === entry.row.state) return;
      const type = state === 'running' ? 'weir.subscription.resumed' : 'weir.subscription.paused';
      const { row } = entry;
      entry.row = await this.#write({ type, name, data: { state, actor } }, async (tx) => {
        if (!(await tx.lockSubscription(row.id, row.revision))) throw changedMeanwhile(name);
        return tx.updateSubscriptionState(row.id, state);
      });
      entry.runner?.setEnabled(state === 'running');
    });
    return entry;
  }

  async remove(name: string, actor: Actor): Promise<void> {
    const entry = this.require(name);
    await entry.exclusive(async () => {
      await this.#deps.runtime.stop(entry, goneError(name));
      await this.#write({ type: 'weir.subscription.removed', name, data: { actor } }, (tx) =>
        tx.deleteSubscription(entry.row.id),
      );
      this.#entries.delete(name);
    });
  }

  async #load(): Promise<void> {
    for (const row of await this.#deps.store.selectSubscriptions())
      this.#entries.set(row.name, this.#deps.runtime.entryOf(row));
  }

  async #create(
    name: string,
    settings: SubscriptionSettings,
    change: Meta & { readonly actor: Actor },
  ): Promise<SubscriptionEntry> {
    const topics = this.#deps.topics
      .all()
      .filter((topic) => hearsTopic(settings.filter.topics, topic.name));
    const starts = await this.#startsOf(settings, topics);
    const breaker = { state: 'closed', sinceMs: this.#deps.clock.now(), held: false } as const;
    const { actor, ...meta } = change;
    const event = {
      type: 'weir.subscription.created',
      name,
      data: { settings, ...meta, actor },
    } as const;
    const row = await this.#write(event, async (tx) => {
      const inserted = await tx.insertSubscription({ name, settings, breaker, ...meta });
      if (inserted === null) throw changedMeanwhile(name);
      await insertStarts(tx, inserted, starts);
      return inserted;
    });
    const entry = this.#deps.runtime.entryOf(row);
    this.#entries.set(name, entry);
    await entry.exclusive(async () => {
      // A topic may have appeared since its list was read.
      await this.#addPartitions(entry, this.topicsOf(entry));
      await this.#deps.runtime.start(entry);
    });
    return entry;
  }

  async #change(
    entry: SubscriptionEntry,
    settings: SubscriptionSettings,
    change: Meta & { readonly actor: Actor },
  ): Promise<void> {
    await this.#exclusively(entry, async () => {
      const { row } = entry;
      refuseImmutable(row, settings);
      const isSame =
        sameSettings(row.settings, settings) &&
        row.scenario === change.scenario &&
        row.handlerVersion === change.handlerVersion;
      if (isSame) return;
      const { runtime } = this.#deps;
      const heard = this.topicsOf(entry).map((topic) => topic.id);
      const topics = this.#deps.topics
        .all()
        .filter((topic) => hearsTopic(settings.filter.topics, topic.name));
      const added = topics.filter((topic) => !heard.includes(topic.id));
      const dropped = heard.filter((id) => !topics.some((topic) => topic.id === id));
      const starts = await this.#startsOf(settings, added);
      await runtime.stop(entry);
      try {
        const { actor, ...meta } = change;
        const data = { settings, before: row.settings, ...meta, actor };
        const event = { type: 'weir.subscription.changed', name: row.name, data } as const;
        const changed = await this.#write(event, async (tx) => {
          if (!(await tx.lockSubscription(row.id, row.revision))) throw changedMeanwhile(row.name);
          await tx.deletePartitionsOfTopics(row.id, dropped);
          await insertStarts(tx, row, starts);
          return tx.updateSubscription(row.id, { settings, ...meta });
        });
        runtime.follow(entry, changed);
      } finally {
        await runtime.start(entry);
      }
      await this.#addPartitions(entry, this.topicsOf(entry));
    });
  }

  #startsOf(
    settings: SubscriptionSettings,
    topics: readonly TopicInfo[],
  ): Promise<readonly PartitionStart[]> {
    const tail = this.#deps.tail();
    return tail.catchUp().then(() =>
      this.#deps.targets.resolve(
        settings.start,
        topics.flatMap((topic) =>
          Array.from({ length: topic.partitions }, (_, partition) => ({
            topicId: topic.id,
            topic: topic.name,
            partition,
            committed: 0,
            low: 0,
            head: tail.head(topic.id, partition),
          })),
        ),
      ),
    );
  }

  /** A topic was created or grew: what is new of it is read from its beginning. */
  #onTopic(topic: TopicInfo): void {
    for (const entry of this.#entries.values()) {
      if (!hearsTopic(entry.row.settings.filter.topics, topic.name)) continue;
      entry
        .exclusive(() => this.#addPartitions(entry, [topic]))
        .catch((error: unknown) =>
          this.#deps.logger.error(
            { err: error, subscription: entry.row.name, topic: topic.name },
            'a topic could not be added to a subscription',
          ),
        );
    }
  }

  async #addPartitions(entry: SubscriptionEntry, topics: readonly TopicInfo[]): Promise<void> {
    const { store } = this.#deps;
    const rows = await store.selectPartitions(entry.row.id);
    const known = new Set(rows.map((row) => `${row.topicId}:${row.partition}`));
    const missing = topics.flatMap((topic) =>
      Array.from({ length: topic.partitions }, (_, partition) => ({
        topicId: topic.id,
        partition,
        offset: 0,
        position: 0,
      })).filter((start) => !known.has(`${start.topicId}:${start.partition}`)),
    );
    if (missing.length === 0) return;
    await insertStarts(store, entry.row, missing);
    await entry.runner?.refresh();
  }

  /** One change at a time, and made anew when it met one of another process. */
  #exclusively(entry: SubscriptionEntry, work: () => Promise<void>): Promise<void> {
    return againWhenChanged(this.#deps.sync, () => entry.exclusive(work));
  }

  async #write<Result>(
    event: {
      readonly type: SystemEventType;
      readonly name: string;
      readonly data: Readonly<Record<string, unknown>>;
    },
    work: (tx: BrokerStatements) => Promise<Result>,
  ): Promise<Result> {
    const { store, clock, wakeOutbox } = this.#deps;
    const result = await store.transaction(async (tx) => {
      const done = await work(tx);
      const fact = { type: event.type, subject: event.name, data: event.data };
      await tx.insertOutbox([systemRow(fact, clock.now())]);
      return done;
    });
    wakeOutbox();
    this.#deps.runtime.changed();
    return result;
  }
}

const goneError = (name: string) =>
  new EngineError('unknown-subscription', `Subscription ${name} was removed.`, {
    subscription: name,
  });

function insertStarts(
  store: BrokerStatements,
  row: SubscriptionRow,
  starts: readonly PartitionStart[],
) {
  return row.settings.mode === 'queue'
    ? store.insertQueueCursors(row.id, starts)
    : store.insertPartitions(row.id, starts);
}
