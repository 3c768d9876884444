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
  /** Next offset of a partition as far as this process knows. */
  readonly nextOffset: (topicId: number, partition: number) => number;
  readonly publishedPerSecond: (topic: string) => number;
};

export type LoadableTopics = Topics & {
  /** Reads all topics and creates `$system` when missing; call once before the first append. */
  load(): Promise<void>;
};

/** The topics, cached whole: the hot path finds one without a query. */
export function createTopics(deps: TopicsDependencies): LoadableTopics {
  const byName = new Map<string, TopicRow>();
  const byId = new Map<number, TopicRow>();
  const listeners = new Set<(topic: TopicInfo) => void>();
  const creating = new Map<string, Promise<TopicInfo>>();

  const remember = (row: TopicRow): TopicInfo => {
    byName.set(row.name, row);
    byId.set(row.id, row);
    const info = infoOf(row);
    for (const listener of listeners) listener(info);
    return info;
  };

  const store = async (values: TopicValues, actor: Actor) => {
    const stored = await withTransaction(deps.database.pool, async (tx) => {
      const before = await selectTopicForUpdate(tx, values.name);
      if (before === undefined && byName.size >= MAX_TOPICS) {
        throw new EngineError(
          'invalid-request',
          `There are ${MAX_TOPICS} topics, the most there can be.`,
          { field: 'topic' },
        );
      }
      refuseShrinking(before, values);
      const row =
        before === undefined ? await insertTopic(tx, values) : await updateTopic(tx, values);
      const created = before === undefined && row !== undefined;
      if (row !== undefined) {
        const type: SystemEventType = created ? 'weir.topic.created' : 'weir.topic.changed';
        await insertOutbox(tx, [
          systemRow(
            { type, subject: row.name, data: { actor, settings: settingsOf(row) } },
            deps.clock.now(),
          ),
        ]);
      }
      return { row, created };
    });
    deps.wakeOutbox();
    return stored;
  };

  const create = async (name: string): Promise<TopicInfo> => {
    checkName(name);
    const { row } = await store(valuesOf(name, defaultsOf(name)), 'weir');
    if (row !== undefined) return remember(row);
    // Another process created it at the same moment.
    const existing = (await selectTopics(deps.database.pool)).find((topic) => topic.name === name);
    if (existing === undefined) throw new Error(`Topic ${name} could not be created`);
    return remember(existing);
  };

  const ensure = (name: string): Promise<TopicInfo> => {
    const known = byName.get(name);
    if (known !== undefined) return Promise.resolve(infoOf(known));
    let pending = creating.get(name);
    if (pending === undefined) {
      pending = create(name).finally(() => creating.delete(name));
      creating.set(name, pending);
    }
    return pending;
  };

  const describe = (row: TopicRow, seen: Seen): Topic => {
    const heads = Array.from({ length: row.partitions }, (_, partition) =>
      deps.nextOffset(row.id, partition),
    );
    return {
      ...settingsOf(row),
      name: row.name,
      heads,
      events: heads.reduce((sum, head) => sum + head, 0),
      ratePerSecond: deps.publishedPerSecond(row.name),
      lastEventAt: seen.lastAt.get(row.id) ?? null,
      subscriptions: seen.subscribers.get(row.id) ?? [],
      createdAt: isoFromPg(row.created_at),
    };
  };

  const see = async (): Promise<Seen> => {
    const [times, subscribers] = await Promise.all([
      selectLastEventTimes(deps.database.pool),
      selectSubscribers(deps.database.pool),
    ]);
    return {
      lastAt: new Map(times.map((time) => [time.topic_id, isoFromPg(time.recorded_at)])),
      subscribers: new Map(subscribers.map((topic) => [topic.topic_id, topic.names])),
    };
  };

  const list = async (): Promise<readonly Topic[]> => {
    const seen = await see();
    return [...byName.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((row) => describe(row, seen));
  };

  return {
    load: async () => {
      for (const row of await selectTopics(deps.database.pool)) remember(row);
      await ensure(SYSTEM_TOPIC);
    },
    find: (name) => {
      const row = byName.get(name);
      return row === undefined ? undefined : infoOf(row);
    },
    findById: (id) => {
      const row = byId.get(id);
      return row === undefined ? undefined : infoOf(row);
    },
    all: () => [...byName.values()].map(infoOf),
    ensure,
    put: async (name, settings, actor) => {
      checkName(name);
      if (name.startsWith('$')) {
        throw new EngineError('invalid-request', 'Topics beginning with "$" belong to Weir.', {
          field: 'topic',
        });
      }
      const { row, created } = await store(valuesOf(name, settings), actor);
      if (row === undefined)
        throw new EngineError(
          'wrong-state',
          `Topic ${name} was being created by another request; try again.`,
          { state: 'creating' },
        );
      remember(row);
      return { topic: describe(row, await see()), created };
    },
    get: async (name) => {
      const found = (await list()).find((topic) => topic.name === name);
      if (found === undefined)
        throw new EngineError('unknown-topic', `There is no topic ${name}.`, { topic: name });
      return found;
    },
    list,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type Seen = {
  readonly lastAt: ReadonlyMap<number, string>;
  readonly subscribers: ReadonlyMap<number, string[]>;
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
