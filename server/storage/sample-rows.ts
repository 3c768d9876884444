import { type Db } from './database.ts';

/** Seconds that one row of traffic_samples covers. */
export type Resolution = 1 | 60 | 3_600;

export type TrafficSampleRow = {
  readonly kind: 'publish' | 'deliver' | 'emit';
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly errors: number;
  readonly p95Ms: number | null;
};

/** Adds the counts of one second to what is stored for it. `at` is RFC 3339. */
export async function insertTrafficSamples(
  db: Db,
  at: string,
  rows: readonly TrafficSampleRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await db.query(
    `INSERT INTO traffic_samples AS sample (resolution, at, kind, source, target, count, errors, p95_ms)
     SELECT 1, date_trunc('second', $1::timestamptz), v.*
     FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::real[]) AS v(kind, source, target, count, errors, p95)
     -- Several servers write at the same moment: in one order, so that none waits for another in a circle.
     ORDER BY v.kind, v.source, v.target
     ON CONFLICT (resolution, at, kind, source, target) DO UPDATE SET
       count = sample.count + excluded.count,
       errors = sample.errors + excluded.errors,
       p95_ms = greatest(sample.p95_ms, excluded.p95_ms)`,
    [
      at,
      rows.map((row) => row.kind),
      rows.map((row) => row.source),
      rows.map((row) => row.target),
      rows.map((row) => row.count),
      rows.map((row) => row.errors),
      rows.map((row) => row.p95Ms),
    ],
  );
}

/**
 * Rolls samples of `from` seconds up into samples of `to` seconds, from where the last roll-up ended to the last `to` seconds
 * that are over at `now`. Repeating it changes nothing. The p95 becomes the mean of the parts, weighted by their counts.
 */
export async function rollUpTrafficSamples(
  db: Db,
  step: { readonly from: Resolution; readonly to: Resolution; readonly now: string },
): Promise<number> {
  const result = await db.query(
    `WITH span AS (
       SELECT coalesce(
                (SELECT max(at) + make_interval(secs => $2::integer) FROM traffic_samples WHERE resolution = $2::integer),
                (SELECT min(at) FROM traffic_samples WHERE resolution = $1::integer)
              ) AS since,
              date_bin(make_interval(secs => $2::integer), $3::timestamptz, 'epoch'::timestamptz) AS before)
     INSERT INTO traffic_samples (resolution, at, kind, source, target, count, errors, p95_ms)
     SELECT $2::integer, date_bin(make_interval(secs => $2::integer), at, 'epoch'::timestamptz) AS bin,
            kind, source, target, sum(count), sum(errors),
            sum(p95_ms * count) / nullif(sum(count) FILTER (WHERE p95_ms IS NOT NULL), 0)
     FROM traffic_samples, span
     WHERE resolution = $1::integer AND at >= span.since AND at < span.before
     GROUP BY bin, kind, source, target
     ON CONFLICT (resolution, at, kind, source, target) DO UPDATE SET
       count = excluded.count, errors = excluded.errors, p95_ms = excluded.p95_ms`,
    [step.from, step.to, step.now],
  );
  return result.rowCount ?? 0;
}

/** Deletes at most `limit` samples of a resolution that are older than `before`; answers how many. */
export async function deleteTrafficSamples(
  db: Db,
  resolution: Resolution,
  before: string,
  limit: number,
): Promise<number> {
  const result = await db.query(
    `DELETE FROM traffic_samples WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM traffic_samples WHERE resolution = $1 AND at < $2::timestamptz LIMIT $3))`,
    [resolution, before, limit],
  );
  return result.rowCount ?? 0;
}

export type TrafficStepRow = TrafficSampleRow & {
  /** Index of the step, 0 is the oldest. */
  readonly step: number;
  readonly lastAtMs: number;
};

/**
 * Traffic per edge and step of `stepSeconds` since `after`. What was not rolled up yet is taken from the seconds, so the sum is
 * complete up to the last write.
 */
export async function selectTrafficSteps(
  db: Db,
  query: {
    readonly resolution: Resolution;
    readonly after: string;
    readonly stepSeconds: number;
    readonly limit: number;
  },
): Promise<readonly TrafficStepRow[]> {
  const result = await db.query<TrafficStepRow>(
    `WITH rolled AS (
       SELECT greatest(coalesce((SELECT max(at) FROM traffic_samples WHERE resolution = $1::integer)
                + make_interval(secs => $1::integer), $2::timestamptz), $2::timestamptz) AS until)
     SELECT kind, source, target,
            floor(extract(epoch FROM at - $2::timestamptz) / $3::float8)::integer AS step,
            sum(count)::float8 AS count, sum(errors)::float8 AS errors,
            (sum(p95_ms * count) / nullif(sum(count) FILTER (WHERE p95_ms IS NOT NULL), 0))::float8 AS "p95Ms",
            (extract(epoch FROM max(at)) * 1000)::float8 AS "lastAtMs"
     FROM traffic_samples, rolled
     WHERE at >= $2::timestamptz
       AND (resolution = $1::integer OR (resolution = 1 AND at >= rolled.until))
     GROUP BY kind, source, target, step
     ORDER BY kind, source, target, step
     LIMIT $4`,
    [query.resolution, query.after, query.stepSeconds, query.limit],
  );
  return result.rows;
}
