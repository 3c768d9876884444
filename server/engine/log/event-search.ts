import { type EventFilter, type EventQuery } from '#contracts/event.ts';
import { type Database } from '#server/storage/database.ts';
import { toLogRecord } from '#server/storage/event-columns.ts';
import { type EventConditions } from '#server/storage/event-filter-sql.ts';
import {
  isIndexed,
  isJsonPath,
  type PositionRange,
  selectFirstPosition,
  selectMatches,
} from '#server/storage/event-query-rows.ts';
import { hearsTopic } from '../broker/topic-pattern.ts';
import { type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type EventLog } from './event-log.ts';
import { type LogRecord } from './event-record.ts';
import { instant } from './instant.ts';
import { findPositionAt } from './position-at.ts';

export type SearchDependencies = {
  readonly database: Database;
  readonly topics: Pick<Topics, 'all' | 'findById'>;
  readonly log: Pick<EventLog, 'tailPosition'>;
};

export type SearchQuery = Omit<EventQuery, 'limit' | 'cursor'>;

/** What one bounded step of a search found. `next` is where it goes on; null when nothing is left to look at. */
type SearchStep = {
  readonly records: readonly LogRecord[];
  readonly next: number | null;
  readonly scanned: number;
  readonly scannedTo: number | null;
};

/** A search gives back what it has after this long. */
const SEARCH_BUDGET_MS = 2_000;
const FIRST_WINDOW = 4_000;
const LARGEST_WINDOW = 500_000;
const SMALLEST_WINDOW = 500;
const FAST_WINDOW_MS = 30;
const SLOW_WINDOW_MS = 250;
const WINDOW_GROWTH = 4;

/** The positions a query may look at: its own bounds and those of the log as it is now. */
export async function searchRange(
  deps: SearchDependencies,
  query: SearchQuery,
): Promise<PositionRange> {
  const first = await selectFirstPosition(deps.database.pool);
  const tail = deps.log.tailPosition();
  const low = Math.max(query.fromPosition ?? 0, first ?? tail + 1);
  const high = Math.min(query.toPosition ?? tail, tail);
  if (query.timeField !== 'recorded') return { low, high };
  // Times of recording grow with positions, so that bounds on them are bounds on positions.
  const { after, before } = query;
  return {
    low: after === undefined ? low : Math.max(low, await findPositionAt(deps, after)),
    high: before === undefined ? high : Math.min(high, (await findPositionAt(deps, before)) - 1),
  };
}

/**
 * Looks for at most `limit` matches in the range, in order, in windows of positions that grow while they are cheap: a
 * filter no index serves costs bounded time per call whatever the size of the log.
 */
export async function searchStep(
  deps: SearchDependencies,
  search: {
    readonly query: SearchQuery;
    readonly conditions: EventConditions;
    readonly range: PositionRange;
    readonly limit: number;
    readonly budgetMs?: number;
  },
): Promise<SearchStep> {
  const { conditions, range, limit } = search;
  const forward = search.query.direction === 'forward';
  const deadline = performance.now() + (search.budgetMs ?? SEARCH_BUDGET_MS);
  const records: LogRecord[] = [];
  let rest = range;
  let size = isIndexed(conditions) ? Number.MAX_SAFE_INTEGER : FIRST_WINDOW;
  while (rest.low <= rest.high && records.length <= limit) {
    const startedAt = performance.now();
    if (startedAt > deadline) break;
    const window = edgeOf(rest, size, forward);
    // One more than asked for tells whether anything follows.
    const wanted = limit + 1 - records.length;
    const rows = await selectMatches(deps.database.pool, conditions, {
      ...window,
      direction: search.query.direction,
      limit: wanted,
    });
    for (const row of rows) records.push(toLogRecord(row, topicName(deps, row.topic_id)));
    rest = forward
      ? { low: window.high + 1, high: rest.high }
      : { low: rest.low, high: window.low - 1 };
    size = nextWindow(size, performance.now() - startedAt);
  }
  return stepOf({ records, range, rest, limit, forward });
}

/** The part of the range that comes first in the direction of the search. */
function edgeOf(range: PositionRange, size: number, forward: boolean): PositionRange {
  return forward
    ? { low: range.low, high: Math.min(range.high, range.low + size - 1) }
    : { low: Math.max(range.low, range.high - size + 1), high: range.high };
}

function nextWindow(size: number, tookMs: number): number {
  if (tookMs < FAST_WINDOW_MS)
    return Math.max(size, Math.min(size * WINDOW_GROWTH, LARGEST_WINDOW));
  if (tookMs > SLOW_WINDOW_MS) return Math.max(SMALLEST_WINDOW, Math.floor(size / WINDOW_GROWTH));
  return size;
}

function stepOf(found: {
  readonly records: readonly LogRecord[];
  readonly range: PositionRange;
  readonly rest: PositionRange;
  readonly limit: number;
  readonly forward: boolean;
}): SearchStep {
  const { range, rest, limit, forward } = found;
  const more = found.records.length > limit;
  const records = more ? found.records.slice(0, limit) : found.records;
  const exhausted = rest.low > rest.high;
  const end = forward ? rest.low - 1 : rest.high + 1;
  const scannedTo = more ? (records.at(-1)?.position ?? end) : end;
  const scanned = Math.max(0, forward ? scannedTo - range.low + 1 : range.high - scannedTo + 1);
  const after = forward ? scannedTo + 1 : scannedTo - 1;
  return {
    records,
    next: more || !exhausted ? after : null,
    scanned,
    scannedTo: scanned === 0 ? null : scannedTo,
  };
}

/** The name of a topic seen in the log. The log knows a topic before any event of it can be read. */
export const topicName = (deps: Pick<SearchDependencies, 'topics'>, id: number): string =>
  deps.topics.findById(id)?.name ?? `#${id}`;

/** The filter and time bounds as conditions on rows. Throws invalid-request for a `where` that does not parse. */
export async function searchConditions(
  deps: Pick<SearchDependencies, 'database' | 'topics'>,
  query: EventFilter & Partial<Pick<SearchQuery, 'after' | 'before' | 'timeField'>>,
): Promise<EventConditions> {
  refuseNul(query);
  if (query.where !== undefined && !(await isJsonPath(deps.database.pool, query.where)))
    throw badWhere(`where is not an SQL/JSON path predicate: ${query.where}`);
  const heard = deps.topics.all().filter((topic) => hearsTopic(query.topic, topic.name));
  return {
    ...(query.topic === undefined || query.topic.length === 0
      ? { exceptTopicIds: silentTopicIds(deps, heard) }
      : { topicIds: heard.map((topic) => topic.id) }),
    partition: query.partition,
    type: query.type,
    source: query.source,
    subject: query.subject,
    stream: query.stream,
    correlationId: query.correlationId,
    causationId: query.causationId,
    key: query.key,
    where: query.where,
    after: instant('after', query.after),
    before: instant('before', query.before),
    timeField: query.timeField,
  };
}

const silentTopicIds = (
  deps: Pick<SearchDependencies, 'topics'>,
  heard: readonly { readonly id: number }[],
): number[] => {
  const heardIds = new Set(heard.map((topic) => topic.id));
  return deps.topics
    .all()
    .map((topic) => topic.id)
    .filter((id) => !heardIds.has(id));
};

const badWhere = (message: string) =>
  new EngineError('invalid-request', message, { field: 'where' });

/** Postgres text holds no NUL, so no event can match one, and asking would fail in the database. */
function refuseNul(query: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(query)) {
    const texts = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === 'string' && text.includes('\0')))
      throw new EngineError('invalid-request', `${field} holds a NUL character.`, { field });
  }
}
