import { type Timeline } from '#contracts/timeline.ts';
import { type Histogram } from '#contracts/topic.ts';
import { type Database } from '#server/storage/database.ts';
import { isoFromPg } from '#server/storage/event-columns.ts';
import {
  type CountRow,
  selectConsumerCounts,
  selectCounts,
  selectFineCounts,
  selectLogEnds,
} from '#server/storage/event-count-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventReader, type Timelines, type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { reading } from '../log/reading.ts';
import { type CountWindow, countWindow, divideShared } from './count-segments.ts';
import { type LaneCount, lanesOf } from './timeline-lanes.ts';

/** Buckets finer than a second are counted from the log itself, in windows and ranges up to these. */
const FINE_WINDOW_MS = 600_000;
const FINE_POSITIONS = 500_000;
/** Events not rolled up yet that one answer counts by itself. */
const UNROLLED_LIMIT = 200_000;
/** Seconds a row of consumer_samples covers, coarsest first. */
const SAMPLE_RESOLUTIONS = [3_600, 60, 1] as const;
/** An hour is the widest row, so that a window ends at most an hour after it was asked to. */
const MAX_TIME_MS = 8_640_000_000_000_000 - 3_600_000;

type TimelineDependencies = {
  readonly database: Database;
  readonly topics: Pick<Topics, 'find' | 'findById'>;
  readonly reader: Pick<EventReader, 'positionAt'>;
  readonly clock: Clock;
};

type Question = { readonly after: string; readonly before: string; readonly buckets: number };
type Counted = {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly bucketMs: number;
  readonly rows: readonly CountRow[];
};

/**
 * Counts of what was recorded and when, exact to the event just recorded. A window that cuts a second (or what is still
 * kept from then) is widened to its whole; `after` and `before` of the answer say so.
 */
export function createTimelines(deps: TimelineDependencies): Timelines {
  return {
    timeline: (query) =>
      reading(() =>
        query.lanes === 'consumer' ? ofConsumers(deps, query) : ofEvents(deps, query),
      ),
    histogram: (query) => reading(() => histogram(deps, query)),
  };
}

async function ofEvents(
  deps: TimelineDependencies,
  query: Parameters<Timelines['timeline']>[0],
): Promise<Timeline> {
  const counted = await count(deps, query);
  const rows: LaneCount[] = [];
  for (const row of counted.rows) {
    const topic = deps.topics.findById(row.topicId)?.name;
    if (topic === undefined || topic.startsWith('$')) continue;
    const name = query.lanes === 'topic' ? topic : row.type;
    rows.push({ name, bucket: row.bucket, count: row.count, failed: 0 });
  }
  return answer(deps, counted, query.buckets, rows);
}

async function ofConsumers(deps: TimelineDependencies, query: Question): Promise<Timeline> {
  const { afterMs, beforeMs, bucketMs } = windowOf(deps, query);
  const resolution = SAMPLE_RESOLUTIONS.find((seconds) => seconds * 1_000 <= bucketMs) ?? 1;
  const rows = await selectConsumerCounts(deps.database.pool, {
    afterMs,
    beforeMs,
    bucketMs,
    buckets: query.buckets,
    resolution,
  });
  return answer(
    deps,
    { afterMs, beforeMs, bucketMs },
    query.buckets,
    rows.map(({ name, bucket, handled, failed }) => ({
      name,
      bucket,
      count: handled + failed,
      failed,
    })),
  );
}

async function answer(
  deps: TimelineDependencies,
  window: Omit<Counted, 'rows'>,
  buckets: number,
  rows: readonly LaneCount[],
): Promise<Timeline> {
  const ends = await selectLogEnds(deps.database.pool);
  const lanes = lanesOf(rows, buckets);
  return {
    after: new Date(window.afterMs).toISOString(),
    before: new Date(window.beforeMs).toISOString(),
    bucketMs: window.bucketMs,
    lanes,
    total: lanes.reduce((total, lane) => total + lane.total, 0),
    first: ends.first === null ? null : isoFromPg(ends.first),
    last: ends.last === null ? null : isoFromPg(ends.last),
  };
}

async function histogram(
  deps: TimelineDependencies,
  query: Parameters<Timelines['histogram']>[0],
): Promise<Histogram> {
  const topic = query.topic === null ? null : deps.topics.find(query.topic);
  if (topic === undefined)
    throw new EngineError('unknown-topic', `There is no topic ${query.topic}.`, {
      topic: query.topic,
    });
  const counted = await count(deps, query);
  const counts = Array.from({ length: query.buckets }, () => 0);
  for (const row of counted.rows) {
    const isCounted =
      topic === null
        ? deps.topics.findById(row.topicId)?.name.startsWith('$') === false
        : row.topicId === topic.id;
    if (isCounted) counts[row.bucket] = (counts[row.bucket] ?? 0) + row.count;
  }
  return {
    after: new Date(counted.afterMs).toISOString(),
    before: new Date(counted.beforeMs).toISOString(),
    bucketMs: counted.bucketMs,
    counts,
    partial: counted.beforeMs > deps.clock.now(),
  };
}

async function count(deps: TimelineDependencies, question: Question): Promise<Counted> {
  const db = deps.database.pool;
  const { buckets } = question;
  const fine = await fineRange(deps, question);
  if (fine !== null) return { ...fine, rows: await selectFineCounts(db, { ...fine, buckets }) };
  const window = windowOf(deps, question);
  const rows = await selectCounts(db, { ...window, buckets, unrolledLimit: UNROLLED_LIMIT });
  return { ...window, rows: divideShared(rows, buckets) };
}

/** The range of positions to count one by one; null when the roll-ups are fine enough or the range is too long. */
async function fineRange(deps: TimelineDependencies, question: Question) {
  const { afterMs, beforeMs } = timesOf(question);
  const bucketMs = (beforeMs - afterMs) / question.buckets;
  if (bucketMs >= 1_000 || beforeMs - afterMs > FINE_WINDOW_MS) return null;
  const [fromPosition, next] = await Promise.all([
    deps.reader.positionAt(new Date(afterMs).toISOString()),
    deps.reader.positionAt(new Date(beforeMs).toISOString()),
  ]);
  if (next - fromPosition > FINE_POSITIONS) return null;
  return { afterMs, beforeMs, bucketMs, fromPosition, toPosition: next - 1 };
}

function windowOf(deps: TimelineDependencies, question: Question): CountWindow {
  const { buckets } = question;
  return countWindow({ ...timesOf(question), buckets, nowMs: deps.clock.now() });
}

function timesOf(question: Question): { readonly afterMs: number; readonly beforeMs: number } {
  const afterMs = Math.max(0, Date.parse(question.after));
  const beforeMs = Math.min(MAX_TIME_MS, Date.parse(question.before));
  if (!(afterMs < beforeMs))
    throw new EngineError('invalid-request', 'before must be later than after (and than 1970).', {
      field: 'before',
    });
  return { afterMs, beforeMs };
}
