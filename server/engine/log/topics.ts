import {
  type Topic,
  type TopicSettings,
  topicNameSchema,
  topicSettingsSchema,
} from '#contracts/topic.ts';
import { type Database, withTransaction } from '#server/storage/database.ts';
import { isoFromPg } from '#server/storage/event-columns.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import {
  insertTopic,
  selectLastEventTimes,
  selectSubscribers,
  selectTopicForUpdate,
  selectTopics,
  type TopicRow,
  type TopicValues,
  updateTopic,
} from '#server/storage/topic-rows.ts';
import { type Clock } from '../clock.ts';
import { type Actor, type TopicInfo, type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { SYSTEM_TOPIC, type SystemEventType, systemRow } from '../system/system-events.ts';

/** More topics than this are refused: each costs cache, leases and a row per partition and subscription. */
export const MAX_TOPICS = 10_000;

type TopicsDependencies = {
  readonly database: Database;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  /** A topic was made or changed here: other processes should look. */
  readonly onStored?: () => void;
  /** Next offset of a partition as far as this process knows. */
  readonly nextOffset: (topicId: number, partition: number) => number;
  /** First offset of a partition that retention has left. */
  readonly lowOffset?: (topicId: number, partition: number) => number;
  /** Events of late by topic; those without are left out. */
  readonly publishedPerSecond: () => ReadonlyMap<string, number>;
};

export type LoadableTopics = Topics & {
  /** Reads all topics and creates `$system` when missing; call once before the first append. */
  load(): Promise<void>;
  /** Reads them again: another process made or changed some. */
  refresh(): Promise<void>;
};

/** The topics, cached whole: the hot path finds one without a query. */
export function createTopics(deps: TopicsDependencies): LoadableTopics {
  return new CachedTopics(deps);
}

class CachedTopics implements LoadableTopics {
  readonly #deps: TopicsDependencies;
  readonly #byName = new Map<string, TopicRow>();
  readonly #byId = new Map<number, TopicRow>();
  readonly #listeners = new Set<(topic: TopicInfo) => void>();
  readonly #creating = new Map<string, Promise<TopicInfo>>();

  constructor(deps: TopicsDependencies) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    await this.refresh();
    await this.ensure(SYSTEM_TOPIC);
  }

  async refresh(): Promise<void> {
    for (const row of await selectTopics(this.#deps.database.pool)) {
      if (!isSame(this.#byName.get(row.name), row)) this.#remember(row);
    }
  }

  find(name: string): TopicInfo | undefined {
    const row = this.#byName.get(name);
    return row === undefined ? undefined : infoOf(row);
  }

  findById(id: number): TopicInfo | undefined {
    const row = this.#byId.get(id);
    return row === undefined ? undefined : infoOf(row);
  }

  all(): readonly TopicInfo[] {
    return [...this.#byName.values()].map(infoOf);
  }

  ensure(name: string): Promise<TopicInfo> {
    const known = this.find(name);
    if (known !== undefined) return Promise.resolve(known);
    let pending = this.#creating.get(name);
    if (pending === undefined) {
      pending = this.#create(name).finally(() => this.#creating.delete(name));
      this.#creating.set(name, pending);
    }
    return pending;
  }

  async put(
    name: string,
    settings: TopicSettings,
    actor: Actor,
  ): Promise<{ topic: Topic; created: boolean }> {
    checkName(name);
    if (name.startsWith('$')) {
      throw new EngineError('invalid-request', 'Topics beginning with "$" belong to Weir.', {
        field: 'topic',
      });
    }
    const values = valuesOf(name, settings);
    let { row, created } = await this.#store(values, actor);
    // Another process created it at the same moment: what was asked for is a change of it.
    if (row === undefined) ({ row, created } = await this.#store(values, actor));
    if (row === undefined) {
      throw new EngineError(
        'wrong-state',
        `Topic ${name} is being created and removed by others; try again.`,
        { state: 'creating' },
      );
    }
    this.#remember(row);
    return { topic: this.#describe(row, await this.#see()), created };
  }

  async get(name: string): Promise<Topic> {
    const row = this.#byName.get(name);
    if (row === undefined) {
      throw new EngineError('unknown-topic', `There is no topic ${name}.`, { topic: name });
    }
    return this.#describe(row, await this.#see());
  }

  async list(): Promise<readonly Topic[]> {
    const seen = await this.#see();
    return [...this.#byName.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((row) => this.#describe(row, seen));
  }

  onChange(listener: (topic: TopicInfo) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #remember(row: TopicRow): TopicInfo {
    this.#byName.set(row.name, row);
    this.#byId.set(row.id, row);
    const info = infoOf(row);
    for (const listener of this.#listeners) listener(info);
    return info;
  }

  async #create(name: string): Promise<TopicInfo> {
    checkName(name);
    const { row } = await this.#store(valuesOf(name, defaultsOf(name)), 'weir');
    if (row !== undefined) return this.#remember(row);
    // Another process created it at the same moment.
    await this.refresh();
    const existing = this.find(name);
    if (existing === undefined) throw new Error(`Topic ${name} could not be created`);
    return existing;
  }

  // The topic and the fact that tells of it, in one transaction.
  async #store(values: TopicValues, actor: Actor) {
    const stored = await withTransaction(this.#deps.database.pool, async (tx) => {
      const before = await selectTopicForUpdate(tx, values.name);
      if (before === undefined) this.#refuseTooMany();
      refuseShrinking(before, values);
      const row =
        before === undefined ? await insertTopic(tx, values) : await updateTopic(tx, values);
      const created = before === undefined && row !== undefined;
      if (row !== undefined) {
        const type: SystemEventType = created ? 'weir.topic.created' : 'weir.topic.changed';
        const data = { actor, settings: settingsOf(row) };
        await insertOutbox(tx, [
          systemRow({ type, subject: row.name, data }, this.#deps.clock.now()),
        ]);
      }
      return { row, created };
    });
    this.#deps.wakeOutbox();
    this.#deps.onStored?.();
    return stored;
  }

  #refuseTooMany(): void {
    if (this.#byName.size < MAX_TOPICS) return;
    throw new EngineError(
      'invalid-request',
      `There are ${MAX_TOPICS} topics, the most there can be.`,
      { field: 'topic' },
    );
  }

  async #see(): Promise<Seen> {
    const [times, subscribers] = await Promise.all([
      selectLastEventTimes(this.#deps.database.pool),
      selectSubscribers(this.#deps.database.pool),
    ]);
    return {
      lastAt: new Map(times.map((time) => [time.topic_id, isoFromPg(time.recorded_at)])),
      subscribers: new Map(subscribers.map((topic) => [topic.topic_id, topic.names])),
      ratesPerSecond: this.#deps.publishedPerSecond(),
    };
  }

  #describe(row: TopicRow, seen: Seen): Topic {
    const heads = Array.from({ length: row.partitions }, (_, partition) =>
      this.#deps.nextOffset(row.id, partition),
    );
    const lows = heads.map((_, partition) => this.#deps.lowOffset?.(row.id, partition) ?? 0);
    return {
      ...settingsOf(row),
      name: row.name,
      heads,
      lows,
      events: heads.reduce((sum, head, index) => sum + head - (lows[index] ?? 0), 0),
      ratePerSecond: seen.ratesPerSecond.get(row.name) ?? 0,
      lastEventAt: seen.lastAt.get(row.id) ?? null,
      subscriptions: seen.subscribers.get(row.id) ?? [],
      createdAt: isoFromPg(row.created_at),
    };
  }
}

type Seen = {
  readonly lastAt: ReadonlyMap<number, string>;
  readonly subscribers: ReadonlyMap<number, string[]>;
  readonly ratesPerSecond: ReadonlyMap<string, number>;
};

// TopicRow is also a TopicInfo; one object per row keeps the hot path free of allocation.
const infos = new WeakMap<TopicRow, TopicInfo>();
function infoOf(row: TopicRow): TopicInfo {
  let info = infos.get(row);
  if (info === undefined) {
    info = {
      id: row.id,
      name: row.name,
      partitions: row.partitions,
      durability: row.durability,
      maxBuffered: row.max_buffered,
    };
    infos.set(row, info);
  }
  return info;
}

const isSame = (known: TopicRow | undefined, row: TopicRow): boolean =>
  known !== undefined && JSON.stringify(known) === JSON.stringify(row);

function settingsOf(row: TopicRow): TopicSettings {
  return {
    partitions: row.partitions,
    retention: { maxAgeMs: row.max_age_ms, maxBytes: row.max_bytes },
    durability: row.durability,
    onInvalid: row.on_invalid,
    maxBuffered: row.max_buffered,
  };
}

function valuesOf(name: string, settings: TopicSettings): TopicValues {
  return {
    name,
    partitions: settings.partitions,
    max_age_ms: settings.retention.maxAgeMs,
    max_bytes: settings.retention.maxBytes,
    durability: settings.durability,
    on_invalid: settings.onInvalid,
    max_buffered: settings.maxBuffered,
  };
}

const defaultsOf = (name: string): TopicSettings =>
  topicSettingsSchema.parse(name.startsWith('$') ? { partitions: 1 } : {});

function checkName(name: string): void {
  const checked = topicNameSchema.safeParse(name);
  if (!checked.success) {
    throw new EngineError(
      'invalid-request',
      `Topic name: ${checked.error.issues[0]?.message ?? 'not valid'}.`,
      { field: 'topic' },
    );
  }
}

function refuseShrinking(before: TopicRow | undefined, values: TopicValues): void {
  if (before !== undefined && values.partitions < before.partitions) {
    throw new EngineError(
      'partitions-cannot-shrink',
      `Topic ${values.name} has ${before.partitions} partitions; their events would have nowhere to be. Ask for ${before.partitions} or more.`,
      { field: 'partitions', partitions: before.partitions },
    );
  }
}
