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
import { type Clock } from '../clock.ts';
import { type TopicInfo } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { type AppliedBatch, type PreparedAppend } from './append-plan.ts';
import { type AppendRequest, type EventLog, type PartitionCursor } from './event-log.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';
import { GroupCommit } from './group-commit.ts';
import { addLeavesAhead, LEAF_POSITIONS } from './leaves.ts';
import { LogTail } from './log-tail.ts';
import { partitionOf } from './partitioner.ts';

const READ_BYTES_DEFAULT = 4 * 1_048_576;

type EventLogDependencies = {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly findTopic: (name: string) => TopicInfo | undefined;
  readonly findTopicById: (id: number) => TopicInfo | undefined;
};

export type PostgresEventLog = EventLog &
  Service & {
    /** Next offset of a partition as far as this process knows; 0 when nothing was written. */
    nextOffset(topicId: number, partition: number): number;
    /** Events waiting for their batch. */
    waiting(): number;
  };

/**
 * The log on Postgres. Writes go through group commit into append_batch; reads come from the tail cache when it covers
 * them, else from the table. Promises: see EventLog.
 */
export function createEventLog(deps: EventLogDependencies): PostgresEventLog {
  const tail = new LogTail();
  const heads = new Map<string, number>();
  const roundRobin = new Map<number, number>();
  const topicName = (id: number): string => deps.findTopicById(id)?.name ?? `#${id}`;
  const headOf = (topicId: number, partition: number) => heads.get(`${topicId}:${partition}`);
  let leafLimit = LEAF_POSITIONS;

  const addLeaves = async () => {
    await addLeavesAhead(deps.database.pool, tail.position);
    leafLimit = tail.position + LEAF_POSITIONS;
  };

  const onCommitted = (batch: AppliedBatch): void => {
    // Somebody else wrote in between: what is known of other partitions may be stale.
    if (batch.tailBefore !== tail.position) heads.clear();
    for (const record of batch.records) {
      heads.set(`${record.topicId}:${record.partition}`, record.offset + 1);
    }
    tail.add(batch.tailBefore, batch.records);
    if (tail.position > leafLimit) {
      leafLimit = tail.position + LEAF_POSITIONS;
      addLeaves().catch((error: unknown) =>
        deps.logger.error({ err: error }, 'could not add the next leaf of the log'),
      );
    }
  };

  const commit = new GroupCommit({
    writers: deps.database.writers,
    clock: deps.clock,
    logger: deps.logger,
    heads: {
      tail: () => tail.position,
      next: (topicId, partition) => headOf(topicId, partition) ?? null,
    },
    topicName,
    onCommitted,
    addLeaves,
  });

  const nextRoundRobin = (topic: TopicInfo): number => {
    const next = ((roundRobin.get(topic.id) ?? -1) + 1) % topic.partitions;
    roundRobin.set(topic.id, next);
    return next;
  };

  const prepare = (request: AppendRequest, events: readonly NewEvent[]): PreparedAppend => {
    const topic = deps.findTopic(request.topic);
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
      expected: request.expectedVersion ?? 'any',
      events,
      keys,
      partitions: keys.map((key) =>
        key === null ? nextRoundRobin(topic) : partitionOf(key, topic.partitions),
      ),
      sizeBytes: events.reduce((sum, event) => sum + event.sizeBytes, 0),
    };
  };

  const toRecords = (rows: readonly EventRow[]): LogRecord[] =>
    rows.map((row) => toLogRecord(row, topicName(row.topic_id)));

  return {
    name: 'event log',
    start: async () => {
      const position = await selectTail(deps.database.pool);
      for (const head of await selectHeads(deps.database.pool)) {
        heads.set(`${head.topicId}:${head.partition}`, head.next);
      }
      tail.restart(position);
      await addLeaves();
    },
    stop: () => commit.stop(),
    append: async (request) => {
      const { unique, indexes } = withoutRepeats(request.events);
      const receipts = await commit.append(prepare(request, unique));
      return unique.length === request.events.length ? receipts : spread(receipts, indexes);
    },
    tailPosition: () => tail.position,
    onTail: (listener) => tail.onTail(listener),
    nextOffset: (topicId, partition) => headOf(topicId, partition) ?? 0,
    waiting: () => commit.waiting,
    readAfter: async (position, limit, maxBytes = READ_BYTES_DEFAULT) =>
      tail.after(position, limit, maxBytes) ??
      toRecords(await selectEventsAfter(deps.database.pool, position, { limit, maxBytes })),
    readPartitions: async (cursors, limit) => {
      const found: LogRecord[] = [];
      const missing: PartitionCursor[] = [];
      for (const cursor of cursors) {
        const head = headOf(cursor.topicId, cursor.partition);
        if (head !== undefined && cursor.offset >= head) continue;
        const cached = tail.ofPartition({ ...cursor, limit });
        if (cached === null) missing.push(cursor);
        else found.push(...cached);
      }
      if (missing.length > 0) {
        const maxBytes = Math.ceil(READ_BYTES_DEFAULT / missing.length);
        const rows = await selectPartitions(deps.database.pool, missing, { limit, maxBytes });
        for (const row of rows) found.push(toLogRecord(row, topicName(row.topic_id)));
      }
      return found;
    },
    readPositions: async (positions) =>
      toRecords(await selectEventsAt(deps.database.pool, positions)),
  };
}

// The same (source, id) twice in one request is one event; the second is answered as a duplicate of the first.
function withoutRepeats(events: readonly NewEvent[]): {
  readonly unique: readonly NewEvent[];
  readonly indexes: readonly number[];
} {
  if (events.length === 1) return { unique: events, indexes: [0] };
  const unique: NewEvent[] = [];
  const seen = new Map<string, number>();
  const indexes = events.map((event) => {
    const identity = `${event.id}\u0000${event.source}`;
    const known = seen.get(identity);
    if (known !== undefined) return known;
    seen.set(identity, unique.length);
    return unique.push(event) - 1;
  });
  return { unique, indexes };
}

function spread(receipts: readonly PublishReceipt[], indexes: readonly number[]): PublishReceipt[] {
  const answered = new Set<number>();
  return indexes.map((index) => {
    const receipt = receipts[index];
    if (receipt === undefined) throw new Error('A receipt is missing');
    if (!answered.has(index)) {
      answered.add(index);
      return receipt;
    }
    return { ...receipt, duplicate: true };
  });
}
