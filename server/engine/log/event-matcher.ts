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

// Many matchers look at the same record: its payload is parsed once, when the first one needs it.
const payloads = new WeakMap<LogRecord, { readonly value: unknown }>();

/** The payload as Postgres's jsonb would hold it; undefined when there is none or jsonb cannot. */
function payloadOf(record: LogRecord): unknown {
  if (record.dataText === null) return undefined;
  const known = payloads.get(record);
  if (known !== undefined) return known.value;
  const value = parseJsonb(record.dataText);
  payloads.set(record, { value });
  return value;
}
