import {
  type EventReader,
  type MetricsPage,
  type Nodes,
  type Operations,
  type TopologyReader,
} from '#server/engine/engine-parts.ts';
import { type EventLog } from '#server/engine/log/event-log.ts';

/** What the live side uses of the engine. */
export type LiveEngine = {
  readonly log: Pick<EventLog, 'tailPosition' | 'onTail' | 'readAfter'>;
  readonly reader: Pick<EventReader, 'matcher'>;
  readonly topology: TopologyReader;
  readonly operations: Pick<Operations, 'onProgress'>;
  readonly metrics: Pick<MetricsPage, 'addSource'>;
  readonly nodes: Nodes;
};
