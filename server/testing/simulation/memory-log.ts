import { type PublishReceipt } from '#contracts/event.ts';
import { type TopicInfo } from '#server/engine/engine-parts.ts';
import { EngineError } from '#server/engine/errors.ts';
import {
  type AppendRequest,
  type ExpectedVersion,
  type PartitionCursor,
} from '#server/engine/log/event-log.ts';
import { type LogRecord, type NewEvent } from '#server/engine/log/event-record.ts';
import { partitionOf } from '#server/engine/log/partitioner.ts';

/**
 * The log in memory, shared by all nodes of a simulation: positions dense in the order of appends, offsets dense per partition, versions
 * dense per stream, one event per (source, id). What EventLog promises of storing and reading; who has heard of it is the node's.
 */
export class MemoryLog {
  readonly #topics: readonly TopicInfo[];
  readonly #now: () => number;
  readonly #records: LogRecord[] = [];
  readonly #byPartition = new Map<string, LogRecord[]>();
  readonly #byIdentity = new Map<string, LogRecord>();
  readonly #versions = new Map<string, number>();
  readonly #turns = new Map<number, number>();

  constructor(topics: readonly TopicInfo[], now: () => number) {
    this.#topics = topics;
    this.#now = now;
  }

  get tail(): number {
    return this.#records.length;
  }

  get records(): readonly LogRecord[] {
    return this.#records;
  }

  head(topicId: number, partition: number): number {
    return this.partition(topicId, partition).length;
  }

  partition(topicId: number, partition: number): readonly LogRecord[] {
    return this.#byPartition.get(`${topicId}:${partition}`) ?? [];
  }

  /** All events are stored, or none. Throws as EventLog says. */
  append({
    topic: name,
    events,
    streamId,
    expectedVersion = 'any',
  }: AppendRequest): PublishReceipt[] {
    const topic = this.#topics.find((one) => one.name === name);
    if (topic === undefined) throw new EngineError('unknown-topic', `There is no topic ${name}.`);
    const known = events.map((event) => this.#byIdentity.get(identityOf(event)));
    const isAllKnown = known.every((record) => record !== undefined);
    if (streamId !== undefined && !isAllKnown) {
      if (known.some((record) => record !== undefined))
        throw new EngineError('invalid-request', 'Some of these events are stored already.');
      this.#expect(streamId, expectedVersion);
    }
    return events.map((event) => {
      const stored = this.#byIdentity.get(identityOf(event));
      if (stored !== undefined) return receiptOf(stored, true);
      return receiptOf(this.#add(topic, event, streamId ?? null), false);
    });
  }

  after(position: number, limit: number): readonly LogRecord[] {
    return this.#records.slice(position, position + limit);
  }

  ofPartitions(cursors: readonly PartitionCursor[], limit: number): readonly LogRecord[] {
    return cursors.flatMap(({ topicId, partition, offset }) =>
      this.partition(topicId, partition).slice(offset, offset + limit),
    );
  }

  at(positions: readonly number[]): readonly LogRecord[] {
    return positions
      .toSorted((a, b) => a - b)
      .flatMap((position) => this.#records[position - 1] ?? []);
  }

  versionOf(streamId: string): number {
    return this.#versions.get(streamId) ?? 0;
  }

  #expect(streamId: string, expected: ExpectedVersion): void {
    const currentVersion = this.versionOf(streamId);
    const isMet =
      expected === 'any' ||
      (expected === 'streamExists' && currentVersion > 0) ||
      (expected === 'noStream' && currentVersion === 0) ||
      expected === currentVersion;
    if (isMet) return;
    const details = { streamId, expectedVersion: expected, currentVersion };
    throw new EngineError('version-conflict', `Stream ${streamId} has moved.`, details);
  }

  #add(topic: TopicInfo, event: NewEvent, streamId: string | null): LogRecord {
    const key = event.partitionKey ?? streamId ?? event.subject;
    const partition = key === null ? this.#turnOf(topic) : partitionOf(key, topic.partitions);
    const version = streamId === null ? null : this.versionOf(streamId) + 1;
    if (streamId !== null && version !== null) this.#versions.set(streamId, version);
    const offset = this.head(topic.id, partition);
    const { partitionKey: _key, sizeBytes: _size, ...envelope } = event;
    const record: LogRecord = {
      ...envelope,
      position: this.#records.length + 1,
      topicId: topic.id,
      topic: topic.name,
      partition,
      offset,
      streamId,
      version,
      recordedAt: new Date(this.#now()).toISOString(),
      key,
    };
    this.#records.push(record);
    this.#byIdentity.set(identityOf(event), record);
    const list = this.#byPartition.get(`${topic.id}:${partition}`) ?? [];
    list.push(record);
    this.#byPartition.set(`${topic.id}:${partition}`, list);
    return record;
  }

  #turnOf(topic: TopicInfo): number {
    const turn = this.#turns.get(topic.id) ?? 0;
    this.#turns.set(topic.id, turn + 1);
    return turn % topic.partitions;
  }
}

const identityOf = ({ id, source }: { readonly id: string; readonly source: string }): string =>
  `${source}\n${id}`;

function receiptOf(record: LogRecord, duplicate: boolean): PublishReceipt {
  const { id, topic, partition, offset, position, streamId, version } = record;
  const place = { id, topic, partition, offset, position, duplicate };
  return streamId === null || version === null ? place : { ...place, stream: streamId, version };
}
