import { randomUUID } from 'node:crypto';
import { type PreparedAppend } from '#server/engine/log/append-plan.ts';
import { type NewEvent } from '#server/engine/log/event-record.ts';

export const RAW_PARTITIONS = 4;
const EVENT_BYTES = 300;
const KEYS = 1_000;

let sequence = 0;

export const rawPayload = (): string => JSON.stringify({ sequence, note: 'x'.repeat(230) });

/** An append as the log hands it to `append_batch`, of so many new events of 300 bytes, spread over the partitions of a topic. */
export function rawAppend(topicId: number, count: number): PreparedAppend {
  const events = Array.from({ length: count }, newEvent);
  return {
    topic: {
      id: topicId,
      name: 'bench',
      partitions: RAW_PARTITIONS,
      durability: 'durable',
      maxBuffered: 10_000,
    },
    streamId: null,
    expected: 'any',
    events,
    keys: events.map((event) => event.subject),
    partitions: events.map((_, index) => (sequence + index) % RAW_PARTITIONS),
    sizeBytes: count * EVENT_BYTES,
    decideAgain: null,
  };
}

function newEvent(): NewEvent {
  sequence += 1;
  return {
    id: randomUUID(),
    source: '/bench',
    type: 'order.placed',
    subject: `order-${sequence % KEYS}`,
    time: '2025-01-10T00:00:00.000Z',
    partitionKey: null,
    correlationId: null,
    causationId: null,
    extensions: null,
    dataText: rawPayload(),
    dataBinary: null,
    sizeBytes: EVENT_BYTES,
  };
}
