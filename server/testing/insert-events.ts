import { randomUUID } from 'node:crypto';
import { type TopicInfo, type Topics } from '#server/engine/engine-parts.ts';
import { type Database } from '#server/storage/database.ts';

export type TestEvent = {
  readonly topic?: string;
  readonly partition?: number;
  readonly id?: string;
  readonly source?: string;
  readonly type?: string;
  readonly subject?: string;
  readonly key?: string;
  readonly time?: string;
  readonly recordedAt?: string;
  readonly stream?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** JSON text as stored. */
  readonly data?: string;
};

export type TestLog = {
  readonly topics: Pick<Topics, 'all' | 'find' | 'findById'>;
  readonly log: { tailPosition(): number; onTail(listener: (tail: number) => void): () => void };
  /** Adds events at the next positions; answers the first one. */
  insert(events: readonly TestEvent[]): Promise<number>;
};

/** Events straight into the table, at dense positions: for tests of reads alone. */
export async function openTestLog(
  database: Database,
  topicNames: readonly string[],
): Promise<TestLog> {
  const topics = await insertTopics(database, topicNames);
  const listeners = new Set<(tail: number) => void>();
  const offsets = new Map<string, number>();
  const versions = new Map<string, number>();
  let tail = 0;
  const idOf = (name: string) => topics.find((topic) => topic.name === name)?.id ?? 0;
  return {
    topics: {
      all: () => topics,
      find: (name) => topics.find((topic) => topic.name === name),
      findById: (id) => topics.find((topic) => topic.id === id),
    },
    log: {
      tailPosition: () => tail,
      onTail: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    insert: async (events) => {
      const first = tail + 1;
      const rows = events.map((event, index) => {
        const topicId = idOf(event.topic ?? 'orders');
        const partition = event.partition ?? 0;
        return {
          position: first + index,
          topic_id: topicId,
          part: partition,
          off: next(offsets, `${topicId}/${partition}`, 0),
          stream_version: event.stream === undefined ? null : next(versions, event.stream, 1),
          recorded_at: event.recordedAt ?? new Date().toISOString(),
          time: event.time ?? event.recordedAt ?? new Date().toISOString(),
          event_id: event.id ?? randomUUID(),
          source: event.source ?? 'test',
          type: event.type ?? 'thing.happened',
          subject: event.subject,
          key: event.key,
          stream_id: event.stream,
          correlation_id: event.correlationId,
          causation_id: event.causationId,
          data: event.data,
        };
      });
      await insertRows(database, rows);
      await insertHeads(database, versions);
      tail += events.length;
      for (const listener of listeners) listener(tail);
      return first;
    },
  };
}

function next(counters: Map<string, number>, key: string, first: number): number {
  const value = counters.get(key) ?? first;
  counters.set(key, value + 1);
  return value;
}

async function insertTopics(database: Database, names: readonly string[]): Promise<TopicInfo[]> {
  const { rows } = await database.pool.query<{ id: number; name: string }>(
    'INSERT INTO topics (name, partitions) SELECT name, 4 FROM unnest($1::text[]) AS n(name) RETURNING id, name',
    [names],
  );
  return rows.map((row) => ({ ...row, partitions: 4, durability: 'durable', maxBuffered: 10_000 }));
}

async function insertRows(database: Database, rows: readonly object[]): Promise<void> {
  await database.pool.query(
    `INSERT INTO events (position, shard, topic_id, "partition", "offset", stream_version, recorded_at, time, event_id,
                         source, type, subject, key, stream_id, correlation_id, causation_id, data)
     SELECT r.position, 0, r.topic_id, r.part, r.off, r.stream_version, r.recorded_at, r.time, r.event_id,
            r.source, r.type, r.subject, r.key, r.stream_id, r.correlation_id, r.causation_id, r.data::json
       FROM json_to_recordset($1::json) AS r(position bigint, topic_id int, part int, off bigint, stream_version bigint,
            recorded_at timestamptz, time timestamptz, event_id text, source text, type text, subject text, key text,
            stream_id text, correlation_id text, causation_id text, data text)`,
    [JSON.stringify(rows)],
  );
}

async function insertHeads(
  database: Database,
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  await database.pool.query(
    `WITH left_behind AS (
       DELETE FROM stream_heads h USING unnest($1::text[], $2::bigint[]) AS s(id, version)
        WHERE h.stream_id = s.id AND h.generation < s.version / 256)
     INSERT INTO stream_heads (stream_id, version, position)
     SELECT s.id, s.version, (SELECT max(e.position) FROM events e WHERE e.stream_id = s.id)
       FROM unnest($1::text[], $2::bigint[]) AS s(id, version)
     ON CONFLICT (stream_id, generation) DO UPDATE SET version = excluded.version, position = excluded.position`,
    [[...versions.keys()], [...versions.values()].map((version) => version - 1)],
  );
}
