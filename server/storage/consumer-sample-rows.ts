import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

/** What other servers sampled comes this late at most, or is left out of the roll-up. */
const LATE = `interval '5 seconds'`;

export type NewConsumerSample = {
  readonly subscriptionId: number;
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly lag: number;
  readonly committed: number;
};

/**
 * All samples of one second in one statement; those of subscriptions that were removed meanwhile are left out. What several servers
 * counted in a second adds up, percentiles as in a roll-up, and so does the lag, since each has partitions of its own.
 */
export async function insertConsumerSamples(
  db: Db,
  at: string,
  samples: readonly NewConsumerSample[],
): Promise<void> {
  if (samples.length === 0) return;
  await db.query(
    `INSERT INTO consumer_samples AS sample (resolution, at, subscription_id, handled, failed, dead, p50_ms, p95_ms, p99_ms, lag, committed)
     SELECT 1, date_trunc('second', $1::timestamptz), v.* FROM unnest($2::int[], $3::int[], $4::int[], $5::int[], $6::real[], $7::real[], $8::real[],
       $9::bigint[], $10::bigint[]) AS v(id, handled, failed, dead, p50, p95, p99, lag, committed)
     WHERE EXISTS (SELECT FROM subscriptions s WHERE s.id = v.id)
     -- Several servers write at the same moment: in one order, so that none waits for another in a circle.
     ORDER BY v.id
     ON CONFLICT (resolution, subscription_id, at) DO UPDATE SET
       handled = sample.handled + excluded.handled, failed = sample.failed + excluded.failed, dead = sample.dead + excluded.dead,
       p50_ms = coalesce((sample.p50_ms * sample.handled + excluded.p50_ms * excluded.handled)
         / nullif(sample.handled + excluded.handled, 0), sample.p50_ms, excluded.p50_ms),
       p95_ms = greatest(sample.p95_ms, excluded.p95_ms), p99_ms = greatest(sample.p99_ms, excluded.p99_ms),
       lag = sample.lag + excluded.lag, committed = sample.committed + excluded.committed`,
    [
      at,
      samples.map((sample) => sample.subscriptionId),
      samples.map((sample) => sample.handled),
      samples.map((sample) => sample.failed),
      samples.map((sample) => sample.dead),
      samples.map((sample) => sample.p50Ms),
      samples.map((sample) => sample.p95Ms),
      samples.map((sample) => sample.p99Ms),
      samples.map((sample) => sample.lag),
      samples.map((sample) => sample.committed),
    ],
  );
}

/**
 * Sums finished buckets of `to` seconds from rows of `from` seconds, for the last `lookBackSeconds`. Repeating it changes nothing.
 * Higher percentiles of a longer span are the worst of its parts; the median is weighted by what was handled.
 */
export async function rollUpConsumerSamples(
  db: Db,
  step: { readonly from: number; readonly to: number; readonly lookBackSeconds: number },
): Promise<void> {
  await db.query(
    `INSERT INTO consumer_samples (resolution, subscription_id, at, handled, failed, dead, p50_ms, p95_ms, p99_ms, lag, committed)
     SELECT $2::integer, subscription_id, date_bin($2::integer * interval '1 second', at, 'epoch') AS bucket, sum(handled), sum(failed), sum(dead),
       sum(p50_ms * handled) / nullif(sum(handled), 0), max(p95_ms), max(p99_ms),
       (array_agg(lag ORDER BY at DESC))[1], max(committed)
     FROM consumer_samples WHERE resolution = $1
       AND at >= date_bin($2::integer * interval '1 second', now() - $3 * interval '1 second', 'epoch')
       AND at < date_bin($2::integer * interval '1 second', now() - ${LATE}, 'epoch')
     GROUP BY subscription_id, bucket ON CONFLICT DO NOTHING`,
    [step.from, step.to, step.lookBackSeconds],
  );
}

export async function deleteOldConsumerSamples(
  db: Db,
  resolution: number,
  keepSeconds: number,
): Promise<void> {
  await db.query(
    `DELETE FROM consumer_samples WHERE resolution = $1 AND at < now() - $2 * interval '1 second'`,
    [resolution, keepSeconds],
  );
}

export type ConsumerSampleRow = {
  readonly at: string;
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly lag: number | null;
};

/** One row per step in which anything was sampled, oldest first. */
export async function selectConsumerSamples(
  db: Db,
  subscriptionId: number,
  range: {
    readonly after: string;
    readonly before: string;
    readonly stepMs: number;
    readonly resolution: number;
    readonly limit: number;
  },
): Promise<ConsumerSampleRow[]> {
  const result = await db.query<ConsumerSampleRow>(
    `SELECT date_bin($4 * interval '1 millisecond', at, 'epoch') AS at, sum(handled)::int AS handled, sum(failed)::int AS failed,
       sum(dead)::int AS dead, sum(p50_ms * handled) / nullif(sum(handled), 0) AS "p50Ms", max(p95_ms) AS "p95Ms",
       max(p99_ms) AS "p99Ms", (array_agg(lag ORDER BY s.at DESC))[1] AS lag
     FROM consumer_samples s WHERE resolution = $5 AND subscription_id = $1 AND at >= $2 AND at < $3
     GROUP BY 1 ORDER BY 1 LIMIT $6`,
    [subscriptionId, range.after, range.before, range.stepMs, range.resolution, range.limit],
  );
  return result.rows.map((row) => ({ ...row, at: isoFromPg(row.at) }));
}
