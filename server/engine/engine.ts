import { type Database } from '#server/storage/database.ts';
import { createBroker } from './broker/broker.ts';
import { type Clock, type Random } from './clock.ts';
import {
  type Broker,
  type DeadLetters,
  type EventReader,
  type MetricsPage,
  type Operations,
  type Publisher,
  type Readiness,
  type Timelines,
  type Topics,
  type TopologyReader,
} from './engine-parts.ts';
import { createTopologyReader } from './flows/topology.ts';
import { createTraffic, type TrafficMeter } from './flows/traffic.ts';
import { type EventLog } from './log/event-log.ts';
import { createEventReader } from './log/event-reader.ts';
import { createOutboxRelay, type OutboxRelay } from './log/outbox-relay.ts';
import { createEventLog, type PostgresEventLog } from './log/postgres-event-log.ts';
import { createTopics } from './log/topics.ts';
import { type Logger } from './logger.ts';
import { EventCounts } from './metrics/event-counts.ts';
import { createMetricsPage } from './metrics/metrics-page.ts';
import { createTimelines } from './metrics/timeline.ts';
import { createTrafficSampler } from './metrics/traffic-sampler.ts';
import { createOperations } from './operations/operations.ts';
import { createPublisher } from './publishing/publisher.ts';
import { createReadiness } from './readiness.ts';
import { createScenarioStore, type ScenarioStore } from './scenario-store.ts';
import { type Service, startAll, stopAll } from './service.ts';

/** The one face transports see. */
export type Engine = Service & {
  readonly log: EventLog;
  readonly topics: Topics;
  readonly publisher: Publisher;
  readonly reader: EventReader;
  readonly timelines: Timelines;
  readonly broker: Broker;
  readonly deadLetters: DeadLetters;
  readonly operations: Operations;
  readonly topology: TopologyReader;
  readonly metrics: MetricsPage;
  readonly readiness: Readiness;
  readonly scenarioStore: ScenarioStore;
};

export type EngineDependencies = {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Stable over restarts of the same server; leases of an earlier life of it are taken over at once. */
  readonly nodeId: string;
  readonly version: string;
  /** Topics are made by first use; otherwise by PUT alone. */
  readonly autoCreateTopics: boolean;
};

/**
 * Wires the parts. Nothing runs before `start`, which needs a migrated database; `stop` finishes the work in hand in reverse
 * order: deliveries first, the log last.
 */
export function createEngine(deps: EngineDependencies): Engine {
  const { database, clock, logger } = deps;
  const traffic = createTraffic({ clock });
  const relay: { current: OutboxRelay | null } = { current: null };
  const wakeOutbox = () => relay.current?.wake();

  const known: { log: PostgresEventLog | null; broker: Broker | null } = {
    log: null,
    broker: null,
  };
  const topics = createTopics({
    database,
    clock,
    wakeOutbox,
    nextOffset: (topicId, partition) => known.log?.nextOffset(topicId, partition) ?? 0,
    publishedPerSecond: (topic) => publishedPerSecond(traffic, topic),
  });
  const log = createEventLog({
    database,
    clock,
    logger,
    findTopic: (name) => topics.find(name),
    findTopicById: (id) => topics.findById(id),
  });
  known.log = log;
  const outbox = createOutboxRelay({ database, log, topics, traffic, clock, logger });
  relay.current = outbox;

  const reader = createEventReader({ database, topics, log });
  const publisher = createPublisher({
    log,
    topics,
    traffic,
    clock,
    autoCreateTopics: deps.autoCreateTopics,
  });
  const {
    broker,
    deadLetters,
    redelivery,
    services: brokerServices,
  } = createBroker({
    ...deps,
    log,
    topics,
    // What handlers publish is counted by the broker, as emitted by them and not as published by a producer.
    publisher: createPublisher({
      log,
      topics,
      traffic: { published: () => undefined },
      clock,
      autoCreateTopics: deps.autoCreateTopics,
    }),
    reader,
    traffic,
    wakeOutbox,
  });
  const { operations, services: operationServices } = createOperations({
    database,
    log,
    reader,
    redelivery,
    clock,
    logger,
    wakeOutbox,
  });
  const counts = new EventCounts({ database, log, clock, logger });
  const services: readonly Service[] = [
    { name: 'topics', start: () => topics.load(), stop: async () => undefined },
    log,
    outbox,
    counts,
    createTrafficSampler({ database, traffic, clock, logger }),
    ...brokerServices,
    ...operationServices,
  ];

  return {
    name: 'engine',
    log,
    topics,
    publisher,
    reader,
    timelines: createTimelines({ database, topics, reader, clock }),
    broker,
    deadLetters,
    operations,
    topology: createTopologyReader({ traffic, broker, topics, database, clock }),
    metrics: createMetricsPage({ traffic, broker, log, database, version: deps.version }),
    readiness: createReadiness({ database }),
    scenarioStore: createScenarioStore({ database, clock, wakeOutbox }),
    start: () => startAll(services),
    stop: () => stopAll(services),
  };
}

const RATE_WINDOW_SECONDS = 10;

function publishedPerSecond(traffic: TrafficMeter, topic: string): number {
  let count = 0;
  for (const edge of traffic.window(RATE_WINDOW_SECONDS).edges) {
    if (edge.kind !== 'deliver' && edge.target === topic) count += edge.count;
  }
  return count / RATE_WINDOW_SECONDS;
}
