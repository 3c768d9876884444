import { type Db } from './database.ts';

export type LowMark = {
  readonly topicId: number;
  readonly partition: number;
  /** First offset that is left. */
  readonly offset: number;
  /** What is left lies here or after, and what is gone before. */
  readonly position: number;
};

/**
 * Condition on rows of events under an alias: retention has left them. Behind the highest mark, where nearly all reads are, it costs one
 * comparison a row.
 */
export const isLeft = (
  alias: string,
) => `(${alias}.position >= (SELECT coalesce(max(m.low_position), 0) FROM low_marks m) OR ${alias}."offset" >= coalesce((
  SELECT m.low_offset FROM low_marks m WHERE m.topic_id = ${alias}.topic_id AND m."partition" = ${alias}."partition"), 0))`;
export const IS_LEFT = isLeft('e');

export async function selectLowMarks(db: Db): Promise<LowMark[]> {
  const { rows } = await db.query<LowMark>(
    'SELECT topic_id AS "topicId", "partition", low_offset AS "offset", low_position AS position FROM low_marks',
  );
  return rows;
}

/** The marks with the names of their topics. */
export async function selectNamedLowMarks(
  db: Db,
): Promise<{ readonly topic: string; readonly position: number }[]> {
  const { rows } = await db.query<{ topic: string; position: number }>(
    'SELECT t.name AS topic, m.low_position AS position FROM low_marks m JOIN topics t ON t.id = m.topic_id',
  );
  return rows;
}

/**
 * What a topic holds before a position is gone from here on: its marks go up to the first offsets there, never down. Answers how many
 * marks moved.
 */
export async function raiseLowMarks(db: Db, topicId: number, position: number): Promise<number> {
  const { rowCount } = await db.query(
    `INSERT INTO low_marks AS l (topic_id, "partition", low_offset, low_position, low_at)
     SELECT t.id, p.part, f.low, $2,
            coalesce((SELECT e.recorded_at FROM events e WHERE e.shard = 0 AND e.position >= $2 ORDER BY e.position LIMIT 1), now())
       FROM topics t CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS p(part)
      CROSS JOIN LATERAL (SELECT first_offset_from(t.id, p.part, $2) AS low OFFSET 0) f
      WHERE t.id = $1 AND f.low > 0
     ON CONFLICT (topic_id, "partition") DO UPDATE SET low_offset = excluded.low_offset, low_position = excluded.low_position, low_at = excluded.low_at
       WHERE l.low_position < excluded.low_position`,
    [topicId, position],
  );
  return rowCount ?? 0;
}

/** A leaf is back: what it holds of each partition is there again, and groups that stood before it or in it may go on. */
export async function lowerLowMarks(tx: Db, table: string): Promise<void> {
  await tx.query(
    `UPDATE low_marks m SET low_offset = f.first, low_position = f.position, low_at = f.at
       FROM (SELECT DISTINCT ON (e.topic_id, e."partition") e.topic_id, e."partition", e."offset" AS first, e.position, e.recorded_at AS at
               FROM ${table} e ORDER BY e.topic_id, e."partition", e."offset") f
      WHERE m.topic_id = f.topic_id AND m."partition" = f."partition" AND m.low_offset > f.first`,
  );
  for (const [place, next] of [
    ['subscription_partitions', 'committed'],
    ['queue_cursors', 'next_offset'],
  ]) {
    await tx.query(
      `UPDATE ${place} p SET problem = NULL FROM low_marks m WHERE p.problem IS NOT NULL
         AND m.topic_id = p.topic_id AND m."partition" = p."partition" AND p.${next} >= m.low_offset`,
    );
  }
}

/** A topic with limits, and the position its events must not be older than by age. */
export type RetainedTopic = {
  readonly id: number;
  readonly maxBytes: number | null;
  /** First position that is young enough; null without a limit of age. */
  readonly youngFrom: number | null;
};

/** Topics that keep only so much; at most `limit`, from an id on. */
export async function selectRetainedTopics(
  db: Db,
  afterId: number,
  limit: number,
): Promise<RetainedTopic[]> {
  const { rows } = await db.query<RetainedTopic>(
    `SELECT t.id, t.max_bytes AS "maxBytes",
            CASE WHEN t.max_age_ms IS NOT NULL THEN first_position_from(now() - t.max_age_ms * interval '1 millisecond') END AS "youngFrom"
       FROM topics t WHERE t.id > $1 AND (t.max_age_ms IS NOT NULL OR t.max_bytes IS NOT NULL) ORDER BY t.id LIMIT $2`,
    [afterId, limit],
  );
  return rows;
}

/** Milliseconds until the oldest event of a topic with a limit of age is too old; null when none has one. */
export async function selectNextExpiryMs(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ ms: number | null }>(
    `SELECT min(extract(epoch FROM e.recorded_at - now()) * 1000 + t.max_age_ms)::float8 AS ms
       FROM topics t CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS p(part)
      CROSS JOIN LATERAL (SELECT x.recorded_at FROM events x WHERE x.topic_id = t.id AND x."partition" = p.part
         AND x."offset" >= coalesce((SELECT m.low_offset FROM low_marks m WHERE m.topic_id = t.id AND m."partition" = p.part), 0)
        ORDER BY x."offset" LIMIT 1) e
      WHERE t.max_age_ms IS NOT NULL`,
  );
  return rows[0]?.ms ?? null;
}

/** Envelope and indexes of an event beside its payload, about. */
const EVENT_OVERHEAD_BYTES = 200;
/** A size limit is kept to within this share of it. */
const STEPS_PER_LIMIT = 32;

/** Sums up the bytes of a topic for at most `window` positions more; answers how many positions are left to be summed. */
export async function countTopicBytes(
  db: Db,
  topic: { readonly id: number; readonly maxBytes: number },
  window: number,
): Promise<number> {
  const { rows } = await db.query<{ left: number }>(
    `WITH tail AS (SELECT coalesce((SELECT e.position FROM events e WHERE e.shard = 0 ORDER BY e.position DESC LIMIT 1), 0) AS position),
       start AS (
         SELECT * FROM (SELECT b.to_position AS position, b.total FROM topic_bytes b WHERE b.topic_id = $1 ORDER BY b.to_position DESC LIMIT 1) b
         UNION ALL
         SELECT coalesce((SELECT e.position - 1 FROM events e WHERE e.shard = 0 ORDER BY e.position LIMIT 1), 0), 0
          WHERE NOT EXISTS (SELECT FROM topic_bytes b WHERE b.topic_id = $1)),
       span AS (SELECT s.position AS low, least(s.position + $2, t.position) AS high, s.total FROM start s, tail t),
       sized AS (
         SELECT e.position, s.total + sum(coalesce(octet_length(e.data::text), 0) + coalesce(octet_length(e.data_binary), 0)
                  + ${EVENT_OVERHEAD_BYTES}) OVER (ORDER BY e.position) AS total
           FROM span s JOIN events e ON e.shard = 0 AND e.position > s.low AND e.position <= s.high AND e.topic_id = $1),
       stored AS (
         INSERT INTO topic_bytes (topic_id, to_position, total)
         SELECT $1, max(z.position), max(z.total) FROM sized z GROUP BY ceil(z.total / $3::numeric)
         UNION
         SELECT $1, s.high, coalesce((SELECT max(total) FROM sized), s.total) FROM span s WHERE s.high > s.low
         ON CONFLICT (topic_id, to_position) DO NOTHING)
     SELECT greatest(0, t.position - s.high) AS left FROM span s, tail t`,
    [topic.id, window, Math.ceil(topic.maxBytes / STEPS_PER_LIMIT)],
  );
  return rows[0]?.left ?? 0;
}

/** The first position from which on a topic holds at most `maxBytes`; null when it holds no more than that anyway. */
export async function selectSmallFrom(
  db: Db,
  topicId: number,
  maxBytes: number,
): Promise<number | null> {
  const { rows } = await db.query<{ position: number | null }>(
    `SELECT min(b.to_position) + 1 AS position FROM topic_bytes b,
            (SELECT max(n.total) AS total FROM topic_bytes n WHERE n.topic_id = $1) newest
      WHERE b.topic_id = $1 AND newest.total > $2 AND newest.total - b.total <= $2`,
    [topicId, maxBytes],
  );
  return rows[0]?.position ?? null;
}

/** Sums up to below a position are not needed any more, but for the last one. */
export async function deleteTopicBytesBelow(
  db: Db,
  topicId: number,
  position: number,
): Promise<void> {
  await db.query(
    `DELETE FROM topic_bytes b WHERE b.topic_id = $1 AND b.to_position < (
       SELECT max(x.to_position) FROM topic_bytes x WHERE x.topic_id = $1 AND x.to_position < $2)`,
    [topicId, position],
  );
}

/** Topics whose name is LIKE the pattern. */
export async function selectTopicIds(db: Db, pattern: string): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>(
    'SELECT id FROM topics WHERE name LIKE $1 ORDER BY id',
    [pattern],
  );
  return rows.map((row) => row.id);
}
