import {
  type Broker,
  type DeadLetters,
  type EventReader,
  type MetricsPage,
  type Operations,
  type Publisher,
  type Readiness,
  type Timelines,
  type TopologyReader,
  type Topics,
} from './engine-parts.ts';
import { type EventLog } from './log/event-log.ts';
import { type Service } from './service.ts';

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
};
