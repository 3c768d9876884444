import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

export type PartitionOffset = {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
};

export type ProbedEvent = PartitionOffset & {
  /** The offset that was asked for. */
  readonly from: number;
  readonly position: number;
  readonly recordedAt: string;
};

/** Per partition the first event at or after the offset that is left; nothing when there is none. One index probe each. */
export async function selectEventsAtOffsets(
  db: Db,
  offsets: readonly PartitionOffset[],
): Promise<ProbedEvent[]> {
  if (offsets.length === 0) return [];
  const result = await db.query<ProbedEvent>(
    `SELECT v.topic_id AS "topicId", v."partition", v."offset" AS "from", e."offset", e.position, e.recorded_at AS "recordedAt"
     FROM unnest($1::int[], $2::int[], $3::bigint[]) AS v(topic_id, "partition", "offset")
     CROSS JOIN LATERAL (SELECT "offset", position, recorded_at FROM events
       WHERE topic_id = v.topic_id AND "partition" = v."partition" AND "offset" >= greatest(v."offset",
         (SELECT m.low_offset FROM low_marks m WHERE m.topic_id = v.topic_id AND m."partition" = v."partition"))
       ORDER BY "offset" LIMIT 1) e`,
    [
      offsets.map((one) => one.topicId),
      offsets.map((one) => one.partition),
      offsets.map((one) => one.offset),
    ],
  );
  return result.rows.map((row) => ({ ...row, recordedAt: isoFromPg(row.recordedAt) }));
}
