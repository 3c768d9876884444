import { z } from 'zod';
import { type Database } from '#server/storage/database.ts';
import { deleteOutbox, type StoredOutboxRow, selectOutbox } from '#server/storage/outbox-rows.ts';
import { type Clock } from '../clock.ts';
import { type Topics } from '../engine-parts.ts';
import { isEngineError } from '../errors.ts';
import { type Traffic } from '../flows/traffic.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { SYSTEM_TOPIC } from '../system/system-events.ts';
import { type EventLog } from './event-log.ts';
import { type ExtensionValue, type NewEvent } from './event-record.ts';

const BATCH_ROWS = 500;
/** Found without a wake-up only after a crash or a lost signal; then it is at most this late. */
const BACKSTOP_MS = 5_000;
const RETRY_MS = 500;

type OutboxRelayDependencies = {
  readonly database: Database;
  readonly log: EventLog;
  readonly topics: Topics;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type OutboxRelay = Service & {
  /** Call after a transaction that wrote outbox rows has committed. */
  wake(): void;
};

/**
 * Moves outbox rows to the log, oldest first, and deletes them once they are stored. A crash between the two sends them
 * again with the same ids, which the log answers as duplicates: each row becomes exactly one event.
 */
export function createOutboxRelay(deps: OutboxRelayDependencies): OutboxRelay {
  const stopping = new AbortController();
  let wakeUp = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const moveOnce = async (): Promise<number> => {
    const rows = await selectOutbox(deps.database.pool, BATCH_ROWS);
    if (rows.length === 0) return 0;
    for (const row of rows) await deps.topics.ensure(row.topic);
    // Issued in order without waiting: the log keeps the order and puts them into as few batches as it can.
    await Promise.all(rows.map((row) => moveRow(deps, row)));
    await deleteOutbox(
      deps.database.pool,
      rows.map((row) => row.id),
    );
    return rows.length;
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      wakeUp = new AbortController();
      try {
        const moved = await moveOnce();
        if (moved < BATCH_ROWS) {
          await deps.clock.sleep(BACKSTOP_MS, AbortSignal.any([stopping.signal, wakeUp.signal]));
        }
      } catch (error) {
        if (!stopping.signal.aborted) deps.logger.warn({ err: error }, 'the outbox is tried again');
        await deps.clock.sleep(RETRY_MS, stopping.signal);
      }
    }
  };

  return {
    name: 'outbox relay',
    wake: () => wakeUp.abort(),
    start: async () => {
      running = loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function moveRow(deps: OutboxRelayDependencies, row: StoredOutboxRow): Promise<void> {
  try {
    const event = eventOf(row);
    const [receipt] = await deps.log.append({
      topic: row.topic,
      events: [event],
      ...(row.stream_id === null ? {} : { streamId: row.stream_id }),
    });
    // Another process may have moved the row at the same moment: then it has counted it.
    if (receipt?.duplicate === true) return;
    if (row.topic !== SYSTEM_TOPIC) deps.traffic.emitted(event.source, row.topic, 1);
  } catch (error) {
    // The log cannot hold it, now or later. It is said loudly and kept in the server's own log; the rest goes on.
    if (!isEngineError(error, 'invalid-request')) throw error;
    deps.logger.error({ err: error, row }, 'an outbox row is not an event the log can hold');
  }
}

const envelopeSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string().optional(),
  time: z.string(),
  partitionkey: z.string().optional(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
  data: z.unknown().optional(),
});

function eventOf(row: StoredOutboxRow): NewEvent {
  const envelope = envelopeSchema.parse(JSON.parse(row.event));
  const {
    id,
    source,
    type,
    subject,
    time,
    partitionkey,
    correlationid,
    causationid,
    data,
    specversion: _specversion,
    ...rest
  } = envelope;
  const extensions: Record<string, ExtensionValue> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      extensions[name] = value;
    }
  }
  return {
    id,
    source,
    type,
    subject: subject ?? null,
    time,
    partitionKey: partitionkey ?? null,
    correlationId: correlationid ?? null,
    causationId: causationid ?? null,
    extensions: Object.keys(extensions).length === 0 ? null : extensions,
    dataText: data === undefined ? null : JSON.stringify(data),
    dataBinary: null,
    sizeBytes: row.event.length,
  };
}
