import { type Database } from '#server/storage/database.ts';
import { createBroker } from './broker/broker.ts';
import { createBrokerStore } from './broker/broker-store.ts';
import { type NodeServices } from './broker/node-services.ts';
import { type Clock, type Random } from './clock.ts';
import {
  type Broker,
  type DeadLetters,
  type EventReader,
  type Leaves,
  type MetricsPage,
  type Nodes,
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
import { LeafArchive } from './log/leaf-archive.ts';
import { createOutboxRelay, type OutboxRelay } from './log/outbox-relay.ts';
import { createEventLog, type PostgresEventLog } from './log/postgres-event-log.ts';
import { Retention } from './log/retention.ts';
import { createTopics } from './log/topics.ts';
import { type Logger } from './logger.ts';
import { EventCounts } from './metrics/event-counts.ts';
import { createMetricsPage } from './metrics/metrics-page.ts';
import { createTimelines } from './metrics/timeline.ts';
import { createTrafficSampler } from './metrics/traffic-sampler.ts';
import { createNodeSignals, type NodeSignals } from './nodes/node-signals.ts';
import { type OperationNode } from './operations/operation-node.ts';
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
  readonly leaves: Leaves;
  readonly topology: TopologyReader;
  readonly metrics: MetricsPage;
  readonly readiness: Readiness;
  readonly nodes: Nodes;
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
  /** Where leaves of the log are archived to; without one they cannot be. */
  readonly archiveFolder?: string;
};

/**
 * Wires the parts. Nothing runs before `start`, which needs a migrated database; `stop` finishes the work in hand in reverse
 * order: deliveries first, the log last.
 */
export function createEngine(deps: EngineDependencies): Engine {
  const { database, clock, logger, autoCreateTopics } = deps;
  const traffic = createTraffic({ clock });
  const { log, topics, outbox, wakeOutbox, signals } = wireLog(deps, traffic);
  const reader = createEventReader({ database, topics, log });
  const publishing = { log, topics, clock, autoCreateTopics };
  const publisher = createPublisher({ ...publishing, traffic });
  // What handlers publish is counted by the broker, as emitted by them and not as published by a producer.
  const uncounted = createPublisher({ ...publishing, traffic: { published: () => undefined } });
  const delivery = createBroker({
    ...deps,
    signals,
    store: createBrokerStore(database),
    log,
    topics,
    publisher: uncounted,
    reader,
    traffic,
    wakeOutbox,
  });
  const { broker, deadLetters, redelivery } = delivery;
  const leaves = new LeafArchive({ database, log, clock, wakeOutbox, folder: deps.archiveFolder });
  const work = createOperations({
    database,
    leaves,
    log,
    reader,
    redelivery,
    clock,
    logger,
    wakeOutbox,
    node: operationNode(delivery.nodes, signals),
  });
  const services: readonly Service[] = [
    { name: 'topics', start: () => topics.load(), stop: async () => undefined },
    log,
    outbox,
    new EventCounts({ database, log, clock, logger }),
    createTrafficSampler({ database, traffic, clock, logger }),
    signals,
    ...delivery.services,
    ...work.services,
    new Retention({ database, log, topics, clock, logger, wakeOutbox }),
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
    operations: work.operations,
    leaves,
    topology: createTopologyReader({
      traffic,
      broker,
      topics,
      database,
      clock,
      othersAlive: () => log.othersAlive(),
    }),
    metrics: createMetricsPage({ traffic, broker, log, database, version: deps.version }),
    readiness: createReadiness({ database }),
    nodes: { othersAlive: () => log.othersAlive() },
    scenarioStore: createScenarioStore({ ...deps, ...delivery.nodes, wakeOutbox }),
    start: () => startAll(services),
    stop: () => stopAll(services),
  };
}

function operationNode(nodes: NodeServices, signals: NodeSignals): OperationNode {
  return {
    owner: () => nodes.membership.owner,
    servedElsewhere: () => nodes.servedElsewhere(),
    tellOthers: () => signals.send('operations'),
    onChange: (listener) => void signals.on('operations', listener),
  };
}

// The log, its topics and the outbox know each other; none calls another before all are made.
function wireLog(deps: EngineDependencies, traffic: TrafficMeter) {
  const signals = createNodeSignals(deps);
  const { database, clock, logger, nodeId } = deps;
  const wakeOutbox = (): void => outbox.wake();
  const topics = createTopics({
    database,
    clock,
    wakeOutbox,
    onStored: () => signals.send('topics'),
    nextOffset: (topicId, partition) => log.nextOffset(topicId, partition),
    lowOffset: (topicId, partition) => log.lowOffset(topicId, partition),
    publishedPerSecond: () => publishedPerSecond(traffic),
  });
  const log: PostgresEventLog = createEventLog({
    database,
    clock,
    logger,
    nodeId,
    findTopic: (name) => topics.find(name),
    findTopicById: (id) => topics.findById(id),
    refreshTopics: () => topics.refresh(),
  });
  signals.on('topics', () => {
    topics
      .refresh()
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'the topics of others are read later'),
      );
  });
  const outbox: OutboxRelay = createOutboxRelay({ database, log, topics, traffic, clock, logger });
  return { log, topics, outbox, wakeOutbox, signals };
}

const RATE_WINDOW_SECONDS = 10;

function publishedPerSecond(traffic: TrafficMeter): ReadonlyMap<string, number> {
  const rates = new Map<string, number>();
  for (const { kind, target, count } of traffic.window(RATE_WINDOW_SECONDS).edges) {
    if (kind === 'deliver') continue;
    rates.set(target, (rates.get(target) ?? 0) + count / RATE_WINDOW_SECONDS);
  }
  return rates;
}
