import { z } from 'zod';
import { type EventPage, type EventQuery } from '#contracts/event.ts';
import { isoFromPg, toLogRecord } from '#server/storage/event-columns.ts';
import { countMatchesByType, selectEventsById } from '#server/storage/event-query-rows.ts';
import { type EventReader } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { readCausation } from './causation.ts';
import { eventMatcher } from './event-matcher.ts';
import { type LogRecord, toStoredEvent } from './event-record.ts';
import {
  type SearchDependencies,
  searchConditions,
  searchRange,
  searchStep,
  topicName,
} from './event-search.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import { findPositionAt } from './position-at.ts';
import { reading } from './reading.ts';
import { listStreams, readStream } from './time-travel.ts';

const SCAN_PAGE = 1_000;
const positionSchema = z.number().int().min(0);

/**
 * Reads of the log that are not deliveries. Every page is found by keyset on positions; a search that no index serves
 * stops after a bounded time and says how far it came. Nothing here takes a lock or counts the whole log.
 */
export function createEventReader(deps: SearchDependencies): EventReader {
  return {
    query: (query) => reading(() => queryPage(deps, query)),
    scan: (query, signal) => scan(deps, query, signal),
    summarise: (range) => reading(() => summarise(deps, range)),
    positionAt: (time) => reading(() => findPositionAt(deps, time)),
    get: (id, source) => reading(async () => toStoredEvent(await find(deps, id, source))),
    causation: (id) => reading(async () => readCausation(deps, await find(deps, id))),
    stream: (streamId, query) => reading(() => readStream(deps, streamId, query)),
    streams: (query) => reading(() => listStreams(deps, query)),
    matcher: eventMatcher,
  };
}

async function queryPage(deps: SearchDependencies, query: EventQuery): Promise<EventPage> {
  const startedAt = performance.now();
  const { limit, cursor, ...question } = query;
  const next = cursor === undefined ? null : decodeCursor(question, positionSchema, cursor);
  const conditions = await searchConditions(deps, question);
  const range = continued(await searchRange(deps, question), question.direction, next);
  const step = await searchStep(deps, { query: question, conditions, range, limit });
  return {
    items: step.records.map(toStoredEvent),
    nextCursor: step.next === null ? null : encodeCursor(question, step.next),
    scanned: step.scanned,
    scannedTo: step.scannedTo,
    elapsedMs: Math.round(performance.now() - startedAt),
  };
}

/** The rest of a range, from the position `next` on in the direction of the search. */
function continued(
  range: { readonly low: number; readonly high: number },
  direction: EventQuery['direction'],
  next: number | null,
) {
  if (next === null) return range;
  return direction === 'forward'
    ? { low: Math.max(range.low, next), high: range.high }
    : { low: range.low, high: Math.min(range.high, next) };
}

async function* scan(
  deps: SearchDependencies,
  query: Parameters<EventReader['scan']>[0],
  signal: AbortSignal,
): AsyncIterable<readonly LogRecord[]> {
  const conditions = await reading(() => searchConditions(deps, query));
  const whole = await reading(() => searchRange(deps, query));
  let next: number | null = query.direction === 'forward' ? whole.low : whole.high;
  while (next !== null && !signal.aborted) {
    const range = continued(whole, query.direction, next);
    const step = await reading(() =>
      searchStep(deps, { query, conditions, range, limit: SCAN_PAGE }),
    );
    if (step.records.length > 0) yield step.records;
    next = step.next;
  }
}

async function summarise(
  deps: SearchDependencies,
  range: Parameters<EventReader['summarise']>[0],
): ReturnType<EventReader['summarise']> {
  const conditions = await searchConditions(deps, range.filter);
  const rows = await countMatchesByType(deps.database.pool, conditions, {
    low: range.fromPosition,
    high: range.toPosition,
  });
  const byType = rows
    .map(({ type, count }) => ({ type, count }))
    .toSorted((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
  const oldest = rows.map((row) => row.oldest).toSorted();
  const newest = rows.map((row) => row.newest).toSorted();
  return {
    byType,
    total: byType.reduce((total, { count }) => total + count, 0),
    oldestAt: isoOrNull(oldest.at(0)),
    newestAt: isoOrNull(newest.at(-1)),
  };
}

/** The newest event with this id. */
async function find(deps: SearchDependencies, id: string, source?: string): Promise<LogRecord> {
  const nul = `${id}${source ?? ''}`.includes('\0');
  const rows = nul ? [] : await selectEventsById(deps.database.pool, id, source, 1);
  const row = rows[0];
  if (row === undefined) throw new EngineError('unknown-event', `There is no event ${id}.`, { id });
  return toLogRecord(row, topicName(deps, row.topic_id));
}

const isoOrNull = (text: string | undefined): string | null =>
  text === undefined ? null : isoFromPg(text);
