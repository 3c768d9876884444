import { type PublishReceipt } from '#contracts/event.ts';
import { type Database } from '#server/storage/database.ts';
import { type EventRow, toLogRecord } from '#server/storage/event-columns.ts';
import {
  selectEventsAfter,
  selectEventsAt,
  selectHeads,
  selectPartitions,
  selectTail,
} from '#server/storage/log-rows.ts';
import { selectStreamAfter } from '#server/storage/stream-rows.ts';
import { type Clock } from '../clock.ts';
import { type TopicInfo } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { SYSTEM_TOPIC } from '../system/system-events.ts';
import { type AppliedBatch, type PreparedAppend } from './append-plan.ts';
import {
  type AppendRequest,
  type EventLog,
  type ExpectedVersion,
  type PartitionCursor,
} from './event-log.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';
import { GroupCommit } from './group-commit.ts';
import { addLeavesAhead } from './leaves.ts';
import { createLogFollower, type LogFollower } from './log-follower.ts';
import { LogTail } from './log-tail.ts';
import { LowMarks } from './low-marks.ts';
import { partitionOf } from './partitioner.ts';
import { spread, withoutRepeats } from './request-repeats.ts';

const READ_BYTES_DEFAULT = 4 * 1_048_576;
const CATCH_UP_PAGE = 1_000;
const CATCH_UP_ATTEMPTS = 3;
/** Further behind than this the tail is taken as it is; readers find the rest on disk. */
const MAX_CATCH_UP = 20_000;

type EventLogDependencies = {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly findTopic: (name: string) => TopicInfo | undefined;
  readonly findTopicById: (id: number) => TopicInfo | undefined;
  /** Another process made or changed a topic. */
  readonly refreshTopics: () => Promise<void>;
  readonly nodeId: string;
};

export type PostgresEventLog = EventLog &
  Service & {
    /** Next offset of a partition as far as this process knows; 0 when nothing was written. */
    nextOffset(topicId: number, partition: number): number;
    /** Events waiting for their batch. */
    waiting(): number;
    /** Another node was heard of lately; at most a second old. */
    othersAlive(): boolean;
  };

/** The log on Postgres; see the class. */
export function createEventLog(deps: EventLogDependencies): PostgresEventLog {
  return new PostgresLog(deps);
}

/**
 * Writes go through group commit into append_batch; reads come from the tail cache when it covers them, else from the table.
 * With several processes on one database the follower brings what others wrote. Promises: see EventLog.
 */
class PostgresLog implements PostgresEventLog {
  readonly name = 'event log';
  readonly #deps: EventLogDependencies;
  readonly #tail = new LogTail();
  /** Next offset per partition; trusted by append_batch only while the tail is the one known here. */
  readonly #heads = new Map<string, number>();
  readonly #roundRobin = new Map<number, number>();
  readonly #commit: GroupCommit;
  readonly #follower: LogFollower;
  readonly #lowMarks = new LowMarks();
  #leafLimit = 0;
  #catchingUp: Promise<void> | null = null;
  #wanted = 0;
  /** How far the log reached when the database last answered this process. */
  #stored = 0;

  constructor(deps: EventLogDependencies) {
    this.#deps = deps;
    const { database, clock, logger, nodeId } = deps;
    this.#follower = createLogFollower({
      database,
      nodeId,
      clock,
      logger,
      tailPosition: () => this.#tail.position,
      catchUp: (tail) => this.#catchUp(tail),
    });
    this.#commit = new GroupCommit({
      writers: database.writers,
      clock,
      logger,
      heads: {
        tail: () => this.#tail.position,
        next: (topicId, partition) => this.#headOf(topicId, partition) ?? null,
      },
      topicName: (id) => this.#topicName(id),
      onCommitted: (batch) => this.#onCommitted(batch),
      readStream: async (streamId, after, limit) =>
        this.#toRecords(await selectStreamAfter(database.pool, streamId, { after, limit })),
      addLeaves: () => this.#addLeaves(),
    });
  }

  async start(): Promise<void> {
    await this.refreshLowOffsets();
    await this.#readEnd();
    await this.#addLeaves();
    await this.#follower.start();
  }

  async stop(): Promise<void> {
    await this.#commit.stop();
    await this.#untilShown(this.#stored);
    await this.#follower.stop();
  }

  async append(request: AppendRequest): Promise<PublishReceipt[]> {
    const { decideAgain } = request;
    const asked = withoutRepeats(request.events);
    const prepared = this.#prepare(request, request.expectedVersion ?? 'any', asked.unique);
    try {
      const receipts = await this.#commit.append({
        ...prepared,
        decideAgain:
          decideAgain === undefined
            ? null
            : (news) => {
                const events = decideAgain(news);
                if (events === null) return null;
                const { unique } = withoutRepeats(events);
                return { ...this.#prepare(request, news.version, unique), decideAgain: null };
              },
      });
      const { unique, indexes } = asked;
      const isWhole = unique.length === indexes.length || receipts.length !== unique.length;
      return isWhole ? receipts : spread(receipts, indexes);
    } finally {
      // Whoever is answered may read at once, here, what was stored, or what it was refused for.
      await this.#untilShown(this.#stored);
    }
  }

  tailPosition(): number {
    return this.#tail.position;
  }

  onTail(listener: (tailPosition: number) => void): () => void {
    return this.#tail.onTail(listener);
  }

  nextOffset(topicId: number, partition: number): number {
    return this.#headOf(topicId, partition) ?? 0;
  }

  waiting(): number {
    return this.#commit.waiting;
  }

  othersAlive(): boolean {
    return this.#follower.othersAlive();
  }

  lowOffset(topicId: number, partition: number): number {
    return this.#lowMarks.offset(topicId, partition);
  }

  refreshLowOffsets(): Promise<void> {
    return this.#lowMarks.refresh(this.#deps.database.pool);
  }

  async readAfter(
    position: number,
    limit: number,
    maxBytes = READ_BYTES_DEFAULT,
  ): Promise<readonly LogRecord[]> {
    const cached = this.#leftAfter(position, limit, maxBytes);
    if (cached !== null) return cached;
    const bound = { limit, maxBytes, leftOnly: true };
    return this.#toRecords(await selectEventsAfter(this.#deps.database.pool, position, bound));
  }

  async readPartitions(
    cursors: readonly PartitionCursor[],
    limit: number,
  ): Promise<readonly LogRecord[]> {
    const found: LogRecord[] = [];
    const missing: PartitionCursor[] = [];
    for (const cursor of cursors) {
      const head = this.#headOf(cursor.topicId, cursor.partition);
      if (head !== undefined && cursor.offset >= head) continue;
      const cached = this.#tail.ofPartition({ ...cursor, limit });
      if (cached === null) missing.push(cursor);
      else for (const record of cached) found.push(record);
    }
    if (missing.length > 0) {
      const maxBytes = Math.ceil(READ_BYTES_DEFAULT / missing.length);
      const bound = { limit, maxBytes };
      const rows = await selectPartitions(this.#deps.database.pool, missing, bound);
      for (const record of this.#toRecords(rows)) found.push(record);
    }
    return found;
  }

  async readPositions(positions: readonly number[]): Promise<readonly LogRecord[]> {
    return this.#toRecords(await selectEventsAt(this.#deps.database.pool, positions));
  }

  /** From memory, or null. A run of nothing but what is gone is passed over: an empty answer means that nothing follows. */
  #leftAfter(position: number, limit: number, maxBytes: number): readonly LogRecord[] | null {
    for (let after = position; ; ) {
      const cached = this.#tail.after(after, limit, maxBytes);
      const last = cached?.at(-1);
      if (cached === null || last === undefined) return cached;
      const left = cached.every((record) => this.#lowMarks.isLeft(record))
        ? cached
        : cached.filter((record) => this.#lowMarks.isLeft(record));
      if (left.length > 0) return left;
      after = last.position;
    }
  }

  // The tail first: heads may then be ahead of it, which costs a look at the disk, never behind.
  async #readEnd(): Promise<void> {
    const { pool } = this.#deps.database;
    const position = await selectTail(pool);
    for (const head of await selectHeads(pool)) {
      this.#heads.set(`${head.topicId}:${head.partition}`, head.next);
    }
    if (position > this.#tail.position) this.#tail.restart(position);
  }

  #onCommitted(batch: AppliedBatch): void {
    const last = batch.records.at(-1);
    this.#stored = Math.max(this.#stored, last?.position ?? batch.tailBefore);
    if (last === undefined) return;
    if (batch.tailBefore === this.#tail.position) this.#learn(batch.tailBefore, batch.records);
    this.#follower.committed(last.position);
  }

  /**
   * Somebody else wrote in between, or an answer was lost: what both wrote is read from disk, in order. Resolves in any case:
   * what is stored is stored, and the follower reads on when this could not.
   */
  async #untilShown(position: number): Promise<void> {
    if (this.#tail.position >= position) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#tail.onTail((tail) => {
      if (tail >= position) resolve();
    });
    void this.#catchUpAgain(position).finally(resolve);
    await promise.finally(stop);
  }

  // A connection that broke is not the next one.
  async #catchUpAgain(position: number): Promise<void> {
    for (let attempt = 1; attempt <= CATCH_UP_ATTEMPTS; attempt += 1) {
      try {
        return await this.#catchUp(position);
      } catch (error) {
        this.#deps.logger.warn({ err: error, attempt }, 'reading on is tried again');
      }
    }
  }

  #learn(tailBefore: number, records: readonly LogRecord[]): void {
    for (const record of records) {
      this.#heads.set(`${record.topicId}:${record.partition}`, record.offset + 1);
    }
    this.#tail.add(tailBefore, records);
    if (this.#tail.position <= this.#leafLimit) return;
    this.#leafLimit = Number.POSITIVE_INFINITY;
    this.#addLeaves().catch((error: unknown) => {
      this.#leafLimit = 0;
      this.#deps.logger.error(
        { err: error },
        'the next leaf of the log is missing; the next commit tries again',
      );
    });
  }

  /** Reads what is on disk up to the position; one reader at a time, which goes on to the highest position asked for. */
  #catchUp(target: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, target);
    this.#catchingUp ??= this.#readOn().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  async #readOn(): Promise<void> {
    const { database, refreshTopics, findTopicById } = this.#deps;
    if (this.#wanted - this.#tail.position > MAX_CATCH_UP) {
      await refreshTopics();
      await this.#readEnd();
      return;
    }
    while (this.#tail.position < this.#wanted) {
      const rows = await selectEventsAfter(database.pool, this.#tail.position, {
        limit: CATCH_UP_PAGE,
        maxBytes: READ_BYTES_DEFAULT,
        leftOnly: false,
      });
      if (rows.length === 0) return;
      if (rows.some((row) => tellsOfTopics(row, findTopicById(row.topic_id)))) {
        await refreshTopics();
      }
      // A commit of this process may have moved the tail meanwhile.
      const fresh = this.#toRecords(rows).filter((record) => record.position > this.#tail.position);
      this.#learn(this.#tail.position, fresh);
    }
  }

  async #addLeaves(): Promise<void> {
    this.#leafLimit = await addLeavesAhead(this.#deps, this.#tail.position);
  }

  #prepare(
    request: AppendRequest,
    expected: ExpectedVersion,
    events: readonly NewEvent[],
  ): Omit<PreparedAppend, 'decideAgain'> {
    const topic = this.#deps.findTopic(request.topic);
    if (topic === undefined) {
      throw new EngineError('unknown-topic', `There is no topic ${request.topic}.`, {
        topic: request.topic,
      });
    }
    const streamId = request.streamId ?? null;
    const keys = events.map((event) => event.partitionKey ?? streamId ?? event.subject);
    return {
      topic,
      streamId,
      expected,
      events,
      keys,
      partitions: keys.map((key) =>
        key === null ? this.#nextRoundRobin(topic) : partitionOf(key, topic.partitions),
      ),
      sizeBytes: events.reduce((sum, event) => sum + event.sizeBytes, 0),
    };
  }

  #nextRoundRobin(topic: TopicInfo): number {
    const next = ((this.#roundRobin.get(topic.id) ?? -1) + 1) % topic.partitions;
    this.#roundRobin.set(topic.id, next);
    return next;
  }

  #headOf(topicId: number, partition: number): number | undefined {
    return this.#heads.get(`${topicId}:${partition}`);
  }

  #topicName(id: number): string {
    return this.#deps.findTopicById(id)?.name ?? `#${id}`;
  }

  #toRecords(rows: readonly EventRow[]): LogRecord[] {
    return rows.map((row) => toLogRecord(row, this.#topicName(row.topic_id)));
  }
}

const tellsOfTopics = (row: EventRow, topic: TopicInfo | undefined): boolean =>
  topic === undefined || (topic.name === SYSTEM_TOPIC && row.type.startsWith('weir.topic.'));
