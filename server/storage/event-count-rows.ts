import { type Db } from './database.ts';
import { IS_LEFT } from './low-mark-rows.ts';

const EVENT_COUNTS_CURSOR = 'event-counts';

/** The rows of `event_counts` with this resolution whose time lies in [fromMs, toMs) belong to this bucket, but for their later share. */
export type CountSegment = {
  readonly bucket: number;
  readonly laterShare: number;
  readonly resolution: number;
  readonly fromMs: number;
  readonly toMs: number;
};

export type CountRow = {
  readonly bucket: number;
  /** Which part of the count belongs to the bucket after this one. */
  readonly laterShare: number;
  readonly topicId: number;
  readonly type: string;
  readonly count: number;
};

/** How far the counts have followed the log; creates the cursor when missing. */
export async function selectCountsCursor(db: Db): Promise<number> {
  const { rows } = await db.query<{ position: number }>(
    `WITH made AS (INSERT INTO cursors (name, position) VALUES ($1, 0) ON CONFLICT DO NOTHING RETURNING position)
     SELECT position FROM made UNION ALL SELECT position FROM cursors WHERE name = $1`,
    [EVENT_COUNTS_CURSOR],
  );
  return rows[0]?.position ?? 0;
}

/**
 * Counts the events after `from` up to `to` into all resolutions and moves the cursor, in one statement. Answers false
 * and counts nothing when the cursor is not at `from`, so that no event is ever counted twice.
 */
export async function rollCounts(db: Db, from: number, to: number): Promise<boolean> {
  const { rows } = await db.query<{ moved: number }>({
    name: 'roll_event_counts',
    text: `WITH moved AS (
             UPDATE cursors SET position = $2, updated_at = now() WHERE name = $3 AND position = $1 RETURNING 1),
           seconds AS (
             SELECT date_trunc('second', e.recorded_at) AS at, e.topic_id, e.type, count(*) AS count
               FROM events e
              WHERE e.shard = 0 AND e.position > $1 AND e.position <= $2 AND EXISTS (SELECT 1 FROM moved)
              GROUP BY 1, 2, 3),
           counted AS (
             INSERT INTO event_counts AS c (resolution, at, topic_id, type, count)
             SELECT r.resolution, date_bin(make_interval(secs => r.resolution), s.at, 'epoch'), s.topic_id, s.type, sum(s.count)
               FROM seconds s CROSS JOIN (VALUES (1), (10), (60), (3600)) AS r(resolution)
              GROUP BY 1, 2, 3, 4
             ON CONFLICT (resolution, at, topic_id, type) DO UPDATE SET count = c.count + excluded.count)
           SELECT count(*) AS moved FROM moved`,
    values: [from, to, EVENT_COUNTS_CURSOR],
  });
  return rows[0]?.moved === 1;
}

/** Removes at most `limit` rows of a resolution that are older than `maxAgeSeconds`; answers how many. */
export async function sweepCounts(
  db: Db,
  resolution: number,
  maxAgeSeconds: number,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM event_counts WHERE ctid IN (
       SELECT ctid FROM event_counts
        WHERE resolution = $1 AND at < now() - make_interval(secs => $2) LIMIT $3)`,
    [resolution, maxAgeSeconds, limit],
  );
  return rowCount ?? 0;
}

const BUCKET = (time: string) =>
  `least($3 - 1, greatest(0, floor((extract(epoch FROM ${time})::float8 * 1000 - $1) / $2)))::int`;

/**
 * Counts per bucket, topic and type: what is rolled up, from the segments, and what is not yet, from the log. One
 * statement sees one state of the cursor, so that nothing is missing or counted twice.
 */
export async function selectCounts(
  db: Db,
  query: {
    readonly afterMs: number;
    readonly beforeMs: number;
    readonly bucketMs: number;
    readonly buckets: number;
    readonly segments: readonly CountSegment[];
    /** At most so many events of the log are counted one by one. */
    readonly unrolledLimit: number;
  },
): Promise<CountRow[]> {
  const { rows } = await db.query<CountRow>({
    name: 'event_counts_by_bucket',
    text: `WITH gone AS (SELECT m.topic_id, min(m.low_at) AS until FROM low_marks m GROUP BY m.topic_id),
           rolled AS (
             SELECT s.bucket, s.later_share, c.topic_id, c.type, c.count
               FROM unnest($4::int[], $5::float8[], $6::float8[], $10::int[], $11::float8[]) AS s(resolution, low, high, bucket, later_share)
              CROSS JOIN LATERAL (
                SELECT * FROM event_counts x WHERE x.resolution = s.resolution
                   AND x.at >= to_timestamp(s.low) AND x.at < to_timestamp(s.high)
                -- Keeps the planner from joining all rows with all segments: each segment walks its piece of the index.
                OFFSET 0) c
               LEFT JOIN gone g ON g.topic_id = c.topic_id
              WHERE g.until IS NULL OR c.at + make_interval(secs => c.resolution) > g.until),
           unrolled AS (
             SELECT ${BUCKET('e.recorded_at')} AS bucket, 0::float8 AS later_share, e.topic_id, e.type, 1::bigint AS count
               FROM (SELECT * FROM events t
                      WHERE t.shard = 0 AND t.position > coalesce((SELECT position FROM cursors WHERE name = $8), 0)
                      ORDER BY t.position LIMIT $9) e
              WHERE e.recorded_at >= to_timestamp($1::float8 / 1000) AND e.recorded_at < to_timestamp($7::float8 / 1000)
                AND ${IS_LEFT}),
           every AS (SELECT * FROM rolled UNION ALL SELECT * FROM unrolled)
           SELECT bucket, later_share AS "laterShare", topic_id AS "topicId", type, sum(count)::bigint AS count
             FROM every GROUP BY 1, 2, 3, 4`,
    values: [
      query.afterMs,
      query.bucketMs,
      query.buckets,
      query.segments.map((segment) => segment.resolution),
      query.segments.map((segment) => segment.fromMs / 1_000),
      query.segments.map((segment) => segment.toMs / 1_000),
      query.beforeMs,
      EVENT_COUNTS_CURSOR,
      query.unrolledLimit,
      query.segments.map((segment) => segment.bucket),
      query.segments.map((segment) => segment.laterShare),
    ],
  });
  return rows;
}

/** The same, counted one by one from a range of positions: for buckets finer than any roll-up. */
export async function selectFineCounts(
  db: Db,
  query: {
    readonly afterMs: number;
    readonly bucketMs: number;
    readonly buckets: number;
    readonly fromPosition: number;
    readonly toPosition: number;
  },
): Promise<CountRow[]> {
  const { rows } = await db.query<CountRow>({
    name: 'event_counts_fine',
    text: `SELECT ${BUCKET('e.recorded_at')} AS bucket, 0::float8 AS "laterShare", e.topic_id AS "topicId", e.type, count(*) AS count
             FROM events e WHERE e.shard = 0 AND e.position >= $4 AND e.position <= $5 AND ${IS_LEFT} GROUP BY 1, 2, 3, 4`,
    values: [query.afterMs, query.bucketMs, query.buckets, query.fromPosition, query.toPosition],
  });
  return rows;
}

/** When the oldest and the newest event that still exist were recorded, as Postgres writes times. */
export async function selectLogEnds(
  db: Db,
): Promise<{ readonly first: string | null; readonly last: string | null }> {
  const { rows } = await db.query<{ first: string | null; last: string | null }>({
    name: 'log_ends',
    text: `SELECT (SELECT e.recorded_at FROM events e WHERE e.shard = 0 ORDER BY e.position LIMIT 1) AS first,
                  (SELECT e.recorded_at FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1) AS last`,
  });
  return rows[0] ?? { first: null, last: null };
}

export type ConsumerCountRow = {
  readonly bucket: number;
  readonly name: string;
  readonly handled: number;
  readonly failed: number;
};

/** Handled and failed per bucket and subscription; what is not rolled up yet comes from the samples of each second. */
export async function selectConsumerCounts(
  db: Db,
  query: {
    readonly afterMs: number;
    readonly beforeMs: number;
    readonly bucketMs: number;
    readonly buckets: number;
    readonly resolution: number;
  },
): Promise<ConsumerCountRow[]> {
  const { rows } = await db.query<ConsumerCountRow>({
    name: 'consumer_counts_by_bucket',
    text: `WITH bound AS (
             SELECT coalesce(max(at) + make_interval(secs => $5), '-infinity') AS rolled_until
               FROM consumer_samples WHERE resolution = $5 AND $5 > 1)
           SELECT ${BUCKET('c.at')} AS bucket, s.name, sum(c.handled)::bigint AS handled, sum(c.failed)::bigint AS failed
             FROM consumer_samples c JOIN subscriptions s ON s.id = c.subscription_id CROSS JOIN bound b
            WHERE c.at >= to_timestamp($1::float8 / 1000) AND c.at < to_timestamp($4::float8 / 1000)
              AND (c.resolution = $5 OR (c.resolution = 1 AND c.at >= b.rolled_until))
            GROUP BY 1, 2`,
    values: [query.afterMs, query.bucketMs, query.buckets, query.beforeMs, query.resolution],
  });
  return rows;
}
