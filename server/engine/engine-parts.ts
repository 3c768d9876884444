import {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type RedriveRequest,
} from '#contracts/dead-letter.ts';
import {
  type Causation,
  type EventDelivery,
  type EventFilter,
  type EventPage,
  type EventQuery,
  type PublishReceipt,
  type StoredEvent,
} from '#contracts/event.ts';
import { type ArchiveLeafRequest, type Leaf } from '#contracts/leaf.ts';
import { type Operation, type OperationPlan, type ReplayRequest } from '#contracts/operation.ts';
import { type Page } from '#contracts/page.ts';
import { type Fault } from '#contracts/scenario.ts';
import { type AppendResponse, type Stream, type StreamPage } from '#contracts/stream.ts';
import {
  type ConsumerHistory,
  type Lag,
  type PulledDelivery,
  type ResetResponse,
  type ResetTarget,
  type Subscription,
  type SubscriptionSettings,
} from '#contracts/subscription.ts';
import { type Timeline } from '#contracts/timeline.ts';
import { type Histogram, type Topic, type TopicSettings } from '#contracts/topic.ts';
import { type Topology } from '#contracts/topology.ts';
import { type ConsumerDefinition } from './broker/consumer-definition.ts';
import { type ExpectedVersion, type StreamNews } from './log/event-log.ts';
import { type LogRecord } from './log/event-record.ts';
import { type MetricFamily } from './metrics/metric-family.ts';

/*
 * The faces the engine shows to transports (http, socket) and to scenarios. Each is implemented in the folder it names;
 * engine.ts wires them. Every method throws EngineError for expected failures and nothing else.
 */

/** Who asked for a change; written into the `$system` event of it. */
export type Actor = string;
export const LOCAL_OPERATOR: Actor = 'operator';

/** An event as a producer sent it, before any check: CloudEvents attributes by name, and the payload. */
export type EventInput = {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly payload:
    | { readonly kind: 'none' }
    | { readonly kind: 'json'; readonly value: unknown }
    /** JSON text that was parsed and checked already and is stored as sent. */
    | { readonly kind: 'json-text'; readonly text: string; readonly value: unknown }
    | { readonly kind: 'binary'; readonly bytes: Buffer };
};

/** publishing/ — size → envelope → enrich → partition → append. */
export type Publisher = {
  /** Without a topic the type's routing rule chooses it. All inputs are stored, or none. Field names in errors are `events[i].x` for batches. */
  publish(request: {
    readonly topic?: string;
    readonly inputs: readonly EventInput[];
    /** False for a single event: errors then name the bare field. */
    readonly batch: boolean;
  }): Promise<PublishReceipt[]>;
  appendToStream(request: {
    readonly streamId: string;
    readonly expectedVersion: ExpectedVersion;
    readonly topic?: string;
    readonly inputs: readonly EventInput[];
    /** Instead of a version-conflict; see AppendRequest of the log. */
    readonly decideAgain?: (news: StreamNews) => readonly EventInput[] | null;
  }): Promise<AppendResponse>;
};

/** What the engine needs to know of a topic on the hot path; cached, refreshed when changed. */
export type TopicInfo = {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
  readonly durability: 'durable' | 'fast';
  readonly maxBuffered: number;
};

/** log/topics.ts */
export type Topics = {
  /** From the cache; undefined when there is no such topic. */
  find(name: string): TopicInfo | undefined;
  findById(id: number): TopicInfo | undefined;
  all(): readonly TopicInfo[];
  /** Creates the topic with default settings when missing (first use). */
  ensure(name: string): Promise<TopicInfo>;
  put(
    name: string,
    settings: TopicSettings,
    actor: Actor,
  ): Promise<{ topic: Topic; created: boolean }>;
  get(name: string): Promise<Topic>;
  list(): Promise<readonly Topic[]>;
  /** Calls back after a topic was created or changed. */
  onChange(listener: (topic: TopicInfo) => void): () => void;
};

/** log/event-reader.ts */
export type EventReader = {
  query(query: EventQuery): Promise<EventPage>;
  /** All matches in order, in bounded pages, for exports; stops when the signal aborts. */
  scan(
    query: Omit<EventQuery, 'limit' | 'cursor'>,
    signal: AbortSignal,
  ): AsyncIterable<readonly LogRecord[]>;
  /** Exact count of matches between two positions (both included), per type, with the oldest and newest time of recording. */
  summarise(range: {
    readonly fromPosition: number;
    readonly toPosition: number;
    readonly filter: EventFilter;
  }): Promise<{
    readonly byType: readonly { readonly type: string; readonly count: number }[];
    readonly total: number;
    readonly oldestAt: string | null;
    readonly newestAt: string | null;
  }>;
  /** First position recorded at or after `time`; tail + 1 when there is none. */
  positionAt(time: string): Promise<number>;
  get(id: string, source?: string): Promise<StoredEvent>;
  causation(id: string): Promise<Causation>;
  stream(
    streamId: string,
    query: {
      readonly fromVersion?: number | undefined;
      readonly direction: 'forward' | 'backward';
      readonly limit: number;
      readonly atTime?: string | undefined;
      readonly atPosition?: number | undefined;
    },
  ): Promise<StreamPage>;
  streams(query: {
    readonly category?: string | undefined;
    readonly prefix?: string | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<Page<Stream>>;
  /** A predicate on records equivalent to the filter, for the live feed and for subscriptions. Throws invalid-request on a bad `where`. */
  matcher(filter: EventFilter): (record: LogRecord) => boolean;
};

/** metrics/ — counts of what was recorded and when. */
export type Timelines = {
  timeline(query: {
    readonly after: string;
    readonly before: string;
    readonly buckets: number;
    readonly lanes: 'topic' | 'type' | 'consumer';
  }): Promise<Timeline>;
  /** Topic null: all topics but those beginning with `$`. */
  histogram(query: {
    readonly topic: string | null;
    readonly after: string;
    readonly before: string;
    readonly buckets: number;
  }): Promise<Histogram>;
};

/** broker/ — subscriptions and their deliveries. */
export type Broker = {
  /** Makes the definition's subscription exist (settings updated from code) and delivers to its handler until unregistered. */
  register(definition: ConsumerDefinition, options?: { readonly scenario?: string }): Promise<void>;
  /** Stops delivering to the handler, waits for work in hand; the subscription, its offsets and letters stay. */
  unregister(name: string): Promise<void>;
  put(
    name: string,
    settings: SubscriptionSettings,
    actor: Actor,
  ): Promise<{ subscription: Subscription; created: boolean }>;
  get(name: string): Promise<Subscription>;
  list(): Promise<readonly Subscription[]>;
  remove(name: string, actor: Actor): Promise<void>;
  pause(name: string, actor: Actor): Promise<Subscription>;
  resume(name: string, actor: Actor): Promise<Subscription>;
  setBreaker(name: string, state: 'open' | 'closed', actor: Actor): Promise<Subscription>;
  reset(name: string, to: ResetTarget, dryRun: boolean, actor: Actor): Promise<ResetResponse>;
  lag(name: string): Promise<Lag>;
  history(
    name: string,
    query: { readonly after: string; readonly before: string; readonly stepMs?: number },
  ): Promise<ConsumerHistory>;
  receive(
    name: string,
    request: { readonly max: number; readonly waitMs: number },
    signal: AbortSignal,
  ): Promise<readonly PulledDelivery[]>;
  ack(
    name: string,
    deliveryIds: readonly string[],
  ): Promise<{ acknowledged: string[]; expired: string[] }>;
  nack(
    name: string,
    nack: {
      readonly deliveryId: string;
      readonly error: {
        readonly class: string;
        readonly message: string;
        readonly stack: string | null;
      };
      readonly retryable: boolean;
      readonly delayMs?: number;
    },
  ): Promise<{ acknowledged: string[]; expired: string[] }>;
  extend(
    name: string,
    deliveryIds: readonly string[],
    byMs: number,
  ): Promise<{ acknowledged: string[]; expired: string[] }>;
  /** How every subscription stands to one event. */
  deliveriesOf(eventId: string): Promise<readonly EventDelivery[]>;
  /** Faults injected before handlers run, by subscription name; replaces those of the given names. Scenarios only. */
  setFaults(faults: Readonly<Record<string, Fault>>): void;
};

/** broker/dead-letters.ts */
export type DeadLetters = {
  list(
    query: DeadLetterFilter & { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<Page<DeadLetter>>;
  get(id: string): Promise<DeadLetter>;
  groups(): Promise<readonly DeadLetterGroup[]>;
  retry(id: string, data: unknown, actor: Actor): Promise<DeadLetter>;
  discard(id: string, reason: string, actor: Actor): Promise<DeadLetter>;
  patchGroup(
    fingerprint: string,
    patch: {
      readonly status?: DeadLetterGroup['status'] | undefined;
      readonly note?: string | null | undefined;
    },
    actor: Actor,
  ): Promise<DeadLetterGroup>;
};

/** log/leaf-archive.ts — the stretches the log is kept, archived and dropped in. */
export type Leaves = {
  /** Oldest first. */
  list(): Promise<readonly Leaf[]>;
};

/** operations/ — durable, rate-limited, resumable work. */
export type Operations = {
  replay(request: ReplayRequest, actor: Actor): Promise<Operation | OperationPlan>;
  redrive(request: RedriveRequest, actor: Actor): Promise<Operation | OperationPlan>;
  /** A leaf of the log to a file, and out of the log when asked to; and back. */
  archiveLeaf(from: number, request: ArchiveLeafRequest, actor: Actor): Promise<Operation>;
  restoreLeaf(from: number, actor: Actor): Promise<Operation>;
  list(query: {
    readonly kind?: Operation['kind'] | undefined;
    readonly state?: Operation['state'] | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<Page<Operation>>;
  get(id: string): Promise<Operation>;
  pause(id: string, actor: Actor): Promise<Operation>;
  resume(id: string, actor: Actor): Promise<Operation>;
  cancel(id: string, actor: Actor): Promise<Operation>;
  /** Progress, at most a few times a second per operation. */
  onProgress(listener: (operation: Operation) => void): () => void;
};

/** flows/topology.ts — the graph seen in real traffic. */
export type TopologyReader = {
  topology(windowSeconds: number): Promise<Topology>;
};

/** metrics/ — what GET /metrics prints. */
export type MetricsPage = {
  render(): Promise<string>;
  /** Transports add what they measure themselves; asked at every rendering. */
  addSource(source: () => readonly MetricFamily[]): void;
};

/** The other servers on this database. */
export type Nodes = {
  /** Another one was heard of in the last ten seconds. */
  othersAlive(): boolean;
};

export type Readiness = {
  check(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
};
