import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isEngineError } from '#server/engine/errors.ts';
import { planBatch } from '#server/engine/log/append-plan.ts';
import { createEventReader } from '#server/engine/log/event-reader.ts';
import { partitionOf } from '#server/engine/log/partitioner.ts';
import { appendBatch } from '#server/storage/append-rows.ts';
import { type Db, withTransaction } from '#server/storage/database.ts';
import { selectEventsAfter } from '#server/storage/log-rows.ts';
import { insertOutbox } from '#server/storage/outbox-rows.ts';
import { createTestBroker, type TestBroker } from '../test-broker.ts';
import { connectAgain, type TestDatabase } from '../test-database.ts';
import { DRIVER_EVENT_BYTES, DRIVER_SOURCE, toNewEvent } from './driver-event.ts';
import {
  type DriverEvent,
  type LogClient,
  type LogCursor,
  type LoggedEvent,
  type LogRead,
  type TransactionPauses,
  VersionConflict,
} from './log-driver.ts';

export const DRIVER_TOPIC = 'driver';
const READ_BYTES = 4 * 1_048_576;

/**
 * How a user's transaction takes part. `outbox`: the way Weir offers, its rows become events after the commit. `append`: the
 * log's own statement inside a transaction that lives on, which holds the lock far longer than Weir ever does.
 */
export type WeirTransactions = 'outbox' | 'append';

/** Weir as one more process on the database: its own pools, caches, relay and heartbeat. */
export async function openWeirLog(
  kit: TestDatabase,
  transactions: WeirTransactions,
): Promise<LogClient> {
  const nodeId = `driver-${randomUUID()}`;
  const process = await createTestBroker({ database: connectAgain(kit), nodeId });
  // A broker gives the process its heartbeat; only then do the others tell it what they have committed.
  await process.open(nodeId);
  await process.topics.ensure(DRIVER_TOPIC);
  await process.database.database.pool.query(
    'CREATE TABLE IF NOT EXISTS driver_audit (note text NOT NULL)',
  );
  return new WeirLog(process, transactions);
}

class WeirLog implements LogClient {
  readonly #process: TestBroker;
  readonly #transactions: WeirTransactions;

  constructor(process: TestBroker, transactions: WeirTransactions) {
    this.#process = process;
    this.#transactions = transactions;
  }

  async append(events: readonly DriverEvent[]): Promise<void> {
    if (this.#transactions === 'outbox') return this.transact(events);
    await this.#process.log.append({ topic: DRIVER_TOPIC, events: events.map(toNewEvent) });
  }

  async transact(events: readonly DriverEvent[], pauses: TransactionPauses = {}): Promise<void> {
    const { database } = this.#process;
    await withTransaction(database.database.pool, async (tx) => {
      await tx.query(`INSERT INTO driver_audit VALUES ('wrote')`);
      await pauses.afterFirstWrite?.();
      if (this.#transactions === 'outbox') await insertOutbox(tx, events.map(toOutboxRow));
      else await this.#appendInside(tx, events);
      await pauses.beforeCommit?.();
    });
    this.#process.wakeOutbox();
  }

  async appendTo(stream: string, expectedVersion: number, event: DriverEvent): Promise<void> {
    try {
      await this.#process.log.append({
        topic: DRIVER_TOPIC,
        streamId: stream,
        expectedVersion,
        events: [toNewEvent(event)],
      });
    } catch (error) {
      if (!isEngineError(error, 'version-conflict')) throw error;
      throw new VersionConflict(z.number().parse(error.details['currentVersion']));
    }
  }

  async readAfter({ position }: LogCursor, limit: number): Promise<LogRead> {
    const records = await this.#process.log.readAfter(position, limit);
    const last = records.at(-1)?.position ?? position;
    return { events: records.flatMap(toLogged), cursor: { position: last, xid: '0' } };
  }

  async readStored({ position }: LogCursor, limit: number): Promise<LogRead> {
    const { pool } = this.#process.database.database;
    const rows = await selectEventsAfter(pool, position, { limit, maxBytes: READ_BYTES });
    const records = rows.map((row) => ({
      ...row,
      id: row.event_id,
      dataText: row.data,
    }));
    const last = rows.at(-1)?.position ?? position;
    return { events: records.flatMap(toLogged), cursor: { position: last, xid: '0' } };
  }

  readKey(key: string): Promise<readonly LoggedEvent[]> {
    return this.#search({ key });
  }

  readStream(stream: string): Promise<readonly LoggedEvent[]> {
    return this.#search({ stream });
  }

  async close(): Promise<void> {
    await this.#process.drop();
  }

  async #appendInside(tx: Db, events: readonly DriverEvent[]): Promise<void> {
    const topic = this.#process.topics.find(DRIVER_TOPIC);
    if (topic === undefined) throw new Error(`There is no topic ${DRIVER_TOPIC}.`);
    const keys = events.map(({ key }) => key);
    const append = {
      topic,
      streamId: null,
      expected: 'any' as const,
      events: events.map(toNewEvent),
      keys,
      partitions: keys.map((key) => partitionOf(key, topic.partitions)),
      sizeBytes: DRIVER_EVENT_BYTES * events.length,
      decideAgain: null,
    };
    const nothingKnown = { tail: () => -1, next: () => null };
    await appendBatch(tx, planBatch([append], nothingKnown).arrays);
  }

  async #search(filter: { readonly key?: string; readonly stream?: string }) {
    const { database, topics, log } = this.#process;
    const reader = createEventReader({ database: database.database, topics, log });
    const query = { ...filter, direction: 'forward', timeField: 'time' } as const;
    const found: LoggedEvent[] = [];
    for await (const records of reader.scan(query, new AbortController().signal))
      for (const record of records) found.push(...toLogged(record));
    return found;
  }
}

function toOutboxRow({ id, key, sequence }: DriverEvent) {
  const envelope = {
    id,
    source: DRIVER_SOURCE,
    type: 'driver.event',
    time: '2026-01-01T00:00:00.000Z',
  };
  const event = { ...envelope, subject: key, data: { sequence } };
  return { topic: DRIVER_TOPIC, streamId: null, event };
}

const dataSchema = z.object({ sequence: z.number() });

/** Nothing for what the server writes about itself. */
function toLogged(record: {
  readonly id: string;
  readonly source: string;
  readonly key: string | null;
  readonly position: number;
  readonly dataText: string | null;
}): LoggedEvent[] {
  if (record.source !== DRIVER_SOURCE) return [];
  const { sequence } = dataSchema.parse(JSON.parse(record.dataText ?? ''));
  return [{ id: record.id, key: record.key ?? '', sequence, position: record.position }];
}
