import { type StoredEvent } from '#contracts/event.ts';
import { type SubscriptionSettings, subscriptionSettingsSchema } from '#contracts/subscription.ts';
import {
  type BrokerDependencies,
  type BrokerParts,
  createBroker,
} from '#server/engine/broker/broker.ts';
import { createBrokerStore } from '#server/engine/broker/broker-store.ts';
import { systemClock } from '#server/engine/clock.ts';
import { type Publisher } from '#server/engine/engine-parts.ts';
import { createTraffic } from '#server/engine/flows/traffic.ts';
import { createEventReader } from '#server/engine/log/event-reader.ts';
import { createOutboxRelay } from '#server/engine/log/outbox-relay.ts';
import { type PostgresEventLog } from '#server/engine/log/postgres-event-log.ts';
import { type LoadableTopics } from '#server/engine/log/topics.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { createNodeSignals } from '#server/engine/nodes/node-signals.ts';
import { createPublisher } from '#server/engine/publishing/publisher.ts';
import { startAll, stopAll } from '#server/engine/service.ts';
import { type Database } from '#server/storage/database.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { createTestLogs } from './test-logs.ts';

export type TestBroker = {
  readonly database: TestDatabase;
  readonly log: PostgresEventLog;
  readonly topics: LoadableTopics;
  readonly publisher: Publisher;
  /** One more broker on the same log. With the same `nodeId` it is the next life of a server that was killed. */
  open(nodeId: string): Promise<BrokerParts & { close(): Promise<void> }>;
  /** Publishes one event per key to the topic; ids are `<prefix><index>`. */
  publish(topic: string, keys: readonly (string | null)[], prefix?: string): Promise<void>;
  /** What the database answers to a query of the test. */
  rows<Row extends object>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Call after a transaction that wrote outbox rows has committed. */
  wakeOutbox(): void;
  drop(): Promise<void>;
};

const UNTIL_MS = 40_000;
const PUBLISH_BATCH = 500;

/** A log with its relay, on a database of its own unless one is given, and brokers to be opened and closed on it. */
export async function createTestBroker(
  options: { readonly database?: TestDatabase; readonly nodeId?: string } = {},
): Promise<TestBroker> {
  const { nodeId: logNodeId = 'test-log' } = options;
  const database = options.database ?? (await createTestDatabase());
  const shared = { database: database.database, clock: systemClock, logger: silentLogger };
  const traffic = createTraffic({ clock: systemClock });
  const wake: { outbox: () => void } = { outbox: () => undefined };
  const wakeOutbox = () => wake.outbox();
  const logs = await createTestLogs({ database, wakeOutbox });
  const { topics } = logs;
  const log = await logs.open(logNodeId);
  const relay = createOutboxRelay({ ...shared, log, topics, traffic });
  wake.outbox = () => relay.wake();
  await relay.start();
  const reader = createEventReader({ database: shared.database, topics, log });
  const publisher = createPublisher({
    log,
    topics,
    traffic,
    clock: systemClock,
    autoCreateTopics: true,
  });
  const closers: (() => Promise<void>)[] = [];
  return {
    database,
    log,
    topics,
    publisher,
    open: async (nodeId) => {
      const opened = await openBroker({
        ...shared,
        log,
        topics,
        publisher,
        reader,
        traffic,
        nodeId,
        wakeOutbox,
      });
      closers.push(() => opened.close());
      return opened;
    },
    publish: (topic, keys, prefix = 'e') => publishKeys(publisher, topic, { keys, prefix }),
    rows: async <Row extends object>(sql: string, params: readonly unknown[] = []) =>
      (await database.database.pool.query<Row>(sql, [...params])).rows,
    wakeOutbox,
    drop: async () => {
      for (const close of closers) await close().catch(() => undefined);
      await relay.stop();
      await logs.drop();
    },
  };
}

async function openBroker(
  shared: Omit<BrokerDependencies, 'store' | 'signals' | 'random'> & {
    readonly database: Database;
  },
): Promise<BrokerParts & { close(): Promise<void> }> {
  const signals = createNodeSignals(shared);
  const store = createBrokerStore(shared.database);
  const parts = createBroker({ ...shared, store, signals, random: Math.random });
  const services = [signals, ...parts.services];
  await startAll(services);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= stopAll(services));
  return { ...parts, close };
}

async function publishKeys(
  publisher: Publisher,
  topic: string,
  { keys, prefix }: { readonly keys: readonly (string | null)[]; readonly prefix: string },
): Promise<void> {
  const inputs = keys.map((key, index) => ({
    attributes: {
      id: `${prefix}${index}`,
      source: 'test',
      type: 'thing.happened',
      ...(key === null ? {} : { subject: key }),
    },
    payload: { kind: 'json', value: { index } } as const,
  }));
  for (let from = 0; from < inputs.length; from += PUBLISH_BATCH)
    await publisher.publish({
      topic,
      inputs: inputs.slice(from, from + PUBLISH_BATCH),
      batch: true,
    });
}

/** Tries again after a few milliseconds, no jitter. */
export const quickRetry = { maxRetries: 3, baseMs: 20, factor: 2, maxMs: 1_000, jitter: 0 };

/** Settings for a quick test. */
export const quickSettings = (over: Record<string, unknown> = {}): SubscriptionSettings =>
  subscriptionSettingsSchema.parse({
    delivery: { kind: 'pull' },
    retry: quickRetry,
    ...over,
  });

/** For a call that nobody gives up. */
export const never = new AbortController().signal;

/** Resolves when the condition holds; rejects after a while, with what was seen last. */
export async function until<Seen>(
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
): Promise<Seen> {
  const deadline = performance.now() + UNTIL_MS;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline)
      throw new Error(`the condition was not met; last seen: ${JSON.stringify(seen)}`);
    await systemClock.sleep(10);
  }
}

export const indexOf = (event: StoredEvent): number => {
  const { data } = event;
  return typeof data === 'object' && data !== null && 'index' in data ? Number(data.index) : -1;
};
