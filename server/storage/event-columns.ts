import { z } from 'zod';

/** Columns of `events` in the order every read of whole events selects them; `e` is the table's alias. */
export const EVENT_COLUMNS = `e.position, e.topic_id, e."partition", e."offset", e.stream_id, e.stream_version,
  e.recorded_at, e.time, e.event_id, e.source, e.type, e.subject, e.key, e.correlation_id, e.causation_id,
  e.extensions, e.data, e.data_binary`;

/** One row of EVENT_COLUMNS as `Database.pool` gives it: int8 as number, timestamps and json as text. */
export type EventRow = {
  readonly position: number;
  readonly topic_id: number;
  readonly partition: number;
  readonly offset: number;
  readonly stream_id: string | null;
  readonly stream_version: number | null;
  readonly recorded_at: string;
  readonly time: string;
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string | null;
  readonly key: string | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly extensions: string | null;
  readonly data: string | null;
  readonly data_binary: Buffer | null;
};

const extensionsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** The row in the shape of the engine's LogRecord; storage does not import the engine, so the type is inferred. */
export function toLogRecord(row: EventRow, topic: string) {
  return {
    position: row.position,
    topicId: row.topic_id,
    topic,
    partition: row.partition,
    offset: row.offset,
    streamId: row.stream_id,
    version: row.stream_version,
    recordedAt: isoFromPg(row.recorded_at),
    time: isoFromPg(row.time),
    id: row.event_id,
    source: row.source,
    type: row.type,
    subject: row.subject,
    key: row.key,
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    extensions: row.extensions === null ? null : extensionsSchema.parse(JSON.parse(row.extensions)),
    dataText: row.data,
    dataBinary: row.data_binary,
  };
}

const DATE_LENGTH = 10;
const SECONDS_LENGTH = 19;
const MILLISECONDS_LENGTH = 23;

/**
 * Postgres's text of a timestamptz (session time zone UTC) as RFC 3339 with milliseconds: `2026-11-21 02:33:53.1+00`
 * becomes `2026-11-21T02:33:53.100Z`. Microseconds are cut, not rounded, so that order is kept.
 */
export function isoFromPg(text: string): string {
  if (!text.endsWith('+00') || text[DATE_LENGTH] !== ' ') return new Date(text).toISOString();
  const fraction = text.slice(SECONDS_LENGTH, Math.min(MILLISECONDS_LENGTH, text.length - 3));
  const milliseconds = fraction === '' ? '.000' : fraction.padEnd(4, '0');
  return `${text.slice(0, DATE_LENGTH)}T${text.slice(DATE_LENGTH + 1, SECONDS_LENGTH)}${milliseconds}Z`;
}
