import { type EventInput, type Publisher } from '#server/engine/engine-parts.ts';
import { type EventLog } from '#server/engine/log/event-log.ts';

/** With the envelope about 300 bytes of JSON. */
const PAYLOAD_FILL = 230;
const PRELOAD_BATCH = 500;
const PRELOAD_CALLERS = 4;
const KEYS = 1_000;
export const READ_PAGE = 2_000;

/** The event of a sequence number: 300 bytes, one of 1,000 order keys, and an id that says the number. */
export const benchEvent = (sequence: number): EventInput => ({
  attributes: {
    id: `e-${sequence}`,
    source: '/bench',
    type: 'order.placed',
    subject: `order-${sequence % KEYS}`,
  },
  payload: { kind: 'json', value: { sequence, note: 'x'.repeat(PAYLOAD_FILL) } },
});

/** Publishes the events 0 … count − 1. */
export async function preload(publisher: Publisher, topic: string, count: number): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) {
      const from = next;
      next = Math.min(count, from + PRELOAD_BATCH);
      const inputs = Array.from({ length: next - from }, (_, index) => benchEvent(from + index));
      await publisher.publish({ topic, inputs, batch: true });
    }
  };
  await Promise.all(Array.from({ length: PRELOAD_CALLERS }, work));
}

/** Counts the numbers 0 … count − 1 that were seen, and how often more than once. */
export class SeenNumbers {
  readonly #seen: Uint8Array;
  distinct = 0;
  repeated = 0;

  constructor(count: number) {
    this.#seen = new Uint8Array(count);
  }

  /** Of an id `e-<number>`. */
  addId(id: string): void {
    const number = Number(id.slice(2));
    if (this.#seen[number] === 0) {
      this.#seen[number] = 1;
      this.distinct += 1;
    } else this.repeated += 1;
  }

  /** Throws when a number is missing. */
  requireAll(): void {
    if (this.distinct !== this.#seen.length)
      throw new Error(`${this.#seen.length - this.distinct} of ${this.#seen.length} are missing`);
  }
}

/** Reads the log from 0 to the end; throws when an event is missing or stored twice. Returns how many events there are. */
export async function readThrough(log: EventLog, seen: SeenNumbers): Promise<number> {
  let position = 0;
  let read = 0;
  while (position < log.tailPosition()) {
    const records = await log.readAfter(position, READ_PAGE);
    for (const { topic, id } of records) if (!topic.startsWith('$')) seen.addId(id);
    read += records.length;
    position = records.at(-1)?.position ?? log.tailPosition();
  }
  seen.requireAll();
  if (seen.repeated > 0) throw new Error(`${seen.repeated} events are stored twice`);
  return read;
}
