import { type StoredEvent } from '#contracts/event.ts';

export type ExtensionValue = string | number | boolean;

/** An event that passed the publish pipeline and is ready to be logged. */
export type NewEvent = {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string | null;
  /** Business time, RFC 3339 UTC with milliseconds. */
  readonly time: string;
  readonly partitionKey: string | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Everything else of the envelope: datacontenttype, dataschema, dataschemaversion, traceparent and extensions. */
  readonly extensions: Readonly<Record<string, ExtensionValue>> | null;
  /** Payload as JSON text; null with `dataBinary` or when there is none. */
  readonly dataText: string | null;
  readonly dataBinary: Buffer | null;
  /** Approximate stored size, for batching and limits. */
  readonly sizeBytes: number;
};

/** An event as the log holds it. `dataText` is the JSON text as stored; it is parsed only where it is needed. */
export type LogRecord = {
  readonly position: number;
  readonly topicId: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly streamId: string | null;
  readonly version: number | null;
  /** RFC 3339 UTC with milliseconds. */
  readonly recordedAt: string;
  readonly time: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string | null;
  /** Order key: partitionkey, else stream, else subject; null when there is none. */
  readonly key: string | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly extensions: Readonly<Record<string, ExtensionValue>> | null;
  readonly dataText: string | null;
  readonly dataBinary: Buffer | null;
};

/** The event as API.md has it read: flat, with where the log holds it. */
export function toStoredEvent(record: LogRecord): StoredEvent {
  const event = envelopeOf(record);
  if (record.dataText !== null) event.data = JSON.parse(record.dataText);
  else if (record.dataBinary !== null) event.data_base64 = record.dataBinary.toString('base64');
  return event;
}

/** The same as JSON text, without parsing the payload. */
export function storedEventJson(record: LogRecord): string {
  const envelope = JSON.stringify(envelopeOf(record));
  if (record.dataText !== null) return `${envelope.slice(0, -1)},"data":${record.dataText}}`;
  if (record.dataBinary !== null)
    return `${envelope.slice(0, -1)},"data_base64":"${record.dataBinary.toString('base64')}"}`;
  return envelope;
}

function envelopeOf(record: LogRecord): StoredEvent {
  const event: StoredEvent = {
    specversion: '1.0',
    id: record.id,
    source: record.source,
    type: record.type,
    time: record.time,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    position: record.position,
    recordedAt: record.recordedAt,
  };
  if (record.subject !== null) event.subject = record.subject;
  if (record.correlationId !== null) event.correlationid = record.correlationId;
  if (record.causationId !== null) event.causationid = record.causationId;
  if (record.streamId !== null) event.stream = record.streamId;
  if (record.version !== null) event.version = record.version;
  if (record.extensions !== null) Object.assign(event, record.extensions);
  return event;
}

const ENVELOPE_ATTRIBUTES = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'data',
  'data_base64',
  'correlationid',
  'causationid',
  'topic',
  'partition',
  'offset',
  'position',
  'recordedAt',
  'stream',
  'version',
]);

/** The way back, for an event that is only kept as a copy because retention took it from the log. */
export function recordOfStoredEvent(event: StoredEvent, topicId: number): LogRecord {
  const extensions = Object.entries(event).flatMap(([name, value]) =>
    !ENVELOPE_ATTRIBUTES.has(name) &&
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      ? [[name, value] as const]
      : [],
  );
  return {
    position: event.position,
    topicId,
    topic: event.topic,
    partition: event.partition,
    offset: event.offset,
    streamId: event.stream ?? null,
    version: event.version ?? null,
    recordedAt: event.recordedAt,
    time: event.time,
    id: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject ?? null,
    key: event.partitionkey ?? event.stream ?? event.subject ?? null,
    correlationId: event.correlationid ?? null,
    causationId: event.causationid ?? null,
    extensions: extensions.length === 0 ? null : Object.fromEntries(extensions),
    dataText: event.data === undefined ? null : JSON.stringify(event.data),
    dataBinary: event.data_base64 === undefined ? null : Buffer.from(event.data_base64, 'base64'),
  };
}
