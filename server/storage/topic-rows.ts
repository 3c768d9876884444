import { type Db } from './database.ts';

export type TopicRow = {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
  readonly max_age_ms: number | null;
  readonly max_bytes: number | null;
  readonly durability: 'durable' | 'fast';
  readonly on_invalid: 'reject' | 'dead-letter';
  readonly max_buffered: number;
  readonly created_at: string;
};

export type TopicValues = Omit<TopicRow, 'id' | 'created_at'>;

const COLUMNS =
  'id, name, partitions, max_age_ms, max_bytes, durability, on_invalid, max_buffered, created_at';

export async function selectTopics(db: Db): Promise<TopicRow[]> {
  const { rows } = await db.query<TopicRow>(`SELECT ${COLUMNS} FROM topics ORDER BY name`);
  return rows;
}

/** For the caller's transaction: nobody else changes the topic until it ends. */
export async function selectTopicForUpdate(db: Db, name: string): Promise<TopicRow | undefined> {
  const { rows } = await db.query<TopicRow>(
    `SELECT ${COLUMNS} FROM topics WHERE name = $1 FOR UPDATE`,
    [name],
  );
  return rows[0];
}

/** Undefined when a topic of that name exists already. */
export async function insertTopic(db: Db, values: TopicValues): Promise<TopicRow | undefined> {
  const { rows } = await db.query<TopicRow>(
    `INSERT INTO topics (name, partitions, max_age_ms, max_bytes, durability, on_invalid, max_buffered)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
    parametersOf(values),
  );
  return rows[0];
}

export async function updateTopic(db: Db, values: TopicValues): Promise<TopicRow | undefined> {
  const { rows } = await db.query<TopicRow>(
    `UPDATE topics SET partitions = $2, max_age_ms = $3, max_bytes = $4, durability = $5, on_invalid = $6, max_buffered = $7
      WHERE name = $1 RETURNING ${COLUMNS}`,
    parametersOf(values),
  );
  return rows[0];
}

/** Per topic the sum of its partitions' next offsets comes from the log; this adds when its newest event was recorded. */
export async function selectLastEventTimes(
  db: Db,
): Promise<{ topic_id: number; recorded_at: string }[]> {
  const { rows } = await db.query<{ topic_id: number; recorded_at: string }>(
    `SELECT t.id AS topic_id, max(l.recorded_at) AS recorded_at
       FROM topics t CROSS JOIN LATERAL generate_series(0, t.partitions - 1) AS p(part)
      CROSS JOIN LATERAL (SELECT e.recorded_at FROM events e WHERE e.topic_id = t.id AND e."partition" = p.part
                           ORDER BY e."offset" DESC LIMIT 1) l
      GROUP BY t.id`,
  );
  return rows;
}

/** Which subscriptions hear each topic. */
export async function selectSubscribers(db: Db): Promise<{ topic_id: number; names: string[] }[]> {
  const { rows } = await db.query<{ topic_id: number; names: string[] }>(
    `SELECT p.topic_id, array_agg(DISTINCT s.name ORDER BY s.name) AS names
       FROM (SELECT subscription_id, topic_id FROM subscription_partitions
             UNION ALL SELECT subscription_id, topic_id FROM queue_cursors) p JOIN subscriptions s ON s.id = p.subscription_id GROUP BY p.topic_id`,
  );
  return rows;
}

function parametersOf(values: TopicValues): unknown[] {
  return [
    values.name,
    values.partitions,
    values.max_age_ms,
    values.max_bytes,
    values.durability,
    values.on_invalid,
    values.max_buffered,
  ];
}
