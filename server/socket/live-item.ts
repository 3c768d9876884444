import { type StoredEvent } from '#contracts/event.ts';
import { MAX_LIVE_DATA_BYTES } from '#contracts/live-feed.ts';
import { type LogRecord, toStoredEvent } from '#server/engine/log/event-record.ts';

const ENVELOPE_BYTES = 300;

/**
 * An event on its way to clients: measured once, parsed at most once, shared by all who see it. It holds what it will send
 * and nothing else, however long it waits: no payload that is cut, and no request that the payload was a part of.
 */
export class LiveItem {
  readonly sizeBytes: number;
  readonly #record: LogRecord;
  readonly #isCut: boolean;
  #event: StoredEvent | null = null;

  constructor(record: LogRecord) {
    const dataBytes = dataBytesOf(record);
    this.#isCut = dataBytes > MAX_LIVE_DATA_BYTES;
    this.#record = this.#isCut
      ? { ...record, dataText: null, dataBinary: null }
      : { ...record, dataText: copyOf(record.dataText) };
    this.sizeBytes = envelopeBytes(record) + (this.#isCut ? 0 : dataBytes);
  }

  get position(): number {
    return this.#record.position;
  }

  event(): StoredEvent {
    this.#event ??= this.#isCut
      ? { ...toStoredEvent(this.#record), datatruncated: true }
      : toStoredEvent(this.#record);
    return this.#event;
  }
}

// A part of a string keeps all of it in memory: of one event, the batch it was published in.
const copyOf = (text: string | null): string | null =>
  text === null ? null : Buffer.from(text).toString();

function dataBytesOf(record: LogRecord): number {
  if (record.dataText !== null) return Buffer.byteLength(record.dataText);
  return record.dataBinary === null ? 0 : Math.ceil((record.dataBinary.length * 4) / 3);
}

function envelopeBytes(record: LogRecord): number {
  let bytes = ENVELOPE_BYTES + record.id.length + record.source.length + record.type.length;
  bytes += (record.subject?.length ?? 0) + (record.streamId?.length ?? 0);
  bytes += (record.correlationId?.length ?? 0) + (record.causationId?.length ?? 0);
  for (const [name, value] of Object.entries(record.extensions ?? {})) {
    bytes += name.length + String(value).length + 6;
  }
  return bytes;
}
