import { type EventFilter } from '#contracts/event.ts';
import { hearsTopic, matchesGlob } from '../broker/topic-pattern.ts';
import { type LogRecord } from './event-record.ts';
import { matchesJsonPath } from './json-path-evaluation.ts';
import { parseJsonb } from './json-path-numbers.ts';
import { parseJsonPath } from './json-path-parser.ts';

type Predicate = (record: LogRecord) => boolean;

/** A predicate on records that says what the same filter says in SQL. Throws invalid-request on a bad `where`. */
export function eventMatcher(filter: EventFilter): Predicate {
  const predicates: Predicate[] = [(record) => hearsTopic(filter.topic, record.topic)];
  const equals = (read: (record: LogRecord) => string | number | null, wanted: unknown) => {
    if (wanted !== undefined) predicates.push((record) => read(record) === wanted);
  };
  const globs = (
    read: (record: LogRecord) => string | null,
    wanted: readonly string[] | undefined,
  ) => {
    if (wanted !== undefined)
      predicates.push((record) => {
        const text = read(record);
        return text !== null && wanted.some((glob) => matchesGlob(glob, text));
      });
  };
  equals((record) => record.partition, filter.partition);
  globs((record) => record.type, filter.type);
  globs((record) => record.source, filter.source);
  globs((record) => record.subject, filter.subject);
  equals((record) => record.streamId, filter.stream);
  equals((record) => record.correlationId, filter.correlationId);
  equals((record) => record.causationId, filter.causationId);
  equals((record) => record.key, filter.key);
  if (filter.where !== undefined) {
    const path = parseJsonPath(filter.where);
    predicates.push((record) => {
      const data = payloadOf(record);
      return data !== undefined && matchesJsonPath(path, data);
    });
  }
  return (record) => predicates.every((predicate) => predicate(record));
}

/** Payloads whose parsed form is kept, as text: about what one page of the log holds. */
const KEPT_TEXT_LENGTH = 1_048_576;

// Many matchers look at the same page: each payload of it is parsed once, when the first one needs it. Parsed it may take twenty
// times the memory, and the end of the log keeps its records for long: of what was looked at before nothing is kept.
const parsed = { payloads: new WeakMap<LogRecord, { readonly value: unknown }>(), textLength: 0 };

/** The payload as Postgres's jsonb would hold it; undefined when there is none or jsonb cannot. */
function payloadOf(record: LogRecord): unknown {
  if (record.dataText === null) return undefined;
  const known = parsed.payloads.get(record);
  if (known !== undefined) return known.value;
  const value = parseJsonb(record.dataText);
  if (parsed.textLength > KEPT_TEXT_LENGTH) {
    parsed.payloads = new WeakMap();
    parsed.textLength = 0;
  }
  parsed.payloads.set(record, { value });
  parsed.textLength += record.dataText.length;
  return value;
}
