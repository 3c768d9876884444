import { type Db } from './database.ts';
import { isoFromPg } from './event-columns.ts';

/** The parallel arrays `append_batch` takes; see its comment in the migration. Indexes (slot, stream) count from 1. */
export type AppendArrays = {
  readonly shard: number;
  readonly fast: boolean;
  readonly knownTail: number;
  readonly slotTopic: readonly number[];
  readonly slotPartition: readonly number[];
  readonly slotNext: readonly (number | null)[];
  readonly streams: readonly string[] | null;
  readonly slot: readonly number[];
  readonly slotRank: readonly number[];
  readonly stream: readonly (number | null)[];
  readonly streamRank: readonly (number | null)[];
  readonly request: readonly number[];
  readonly expected: readonly (number | null)[] | null;
  readonly eventId: readonly string[];
  readonly source: readonly string[];
  readonly type: readonly string[];
  readonly subject: readonly (string | null)[];
  readonly key: readonly (string | null)[];
  readonly correlation: readonly (string | null)[];
  readonly causation: readonly (string | null)[];
  readonly time: readonly string[];
  readonly extensions: readonly (string | null)[];
  readonly data: readonly (string | null)[];
  readonly binary: readonly (Buffer | null)[];
};

export type AppendVerdict = 'ok' | 'duplicate' | 'partial-duplicate' | 'conflict';

/** `exceptions` is null when every event was stored in order after `tail`. */
export type AppendOutcome = {
  readonly tail: number;
  readonly recordedAt: string;
  readonly slotNext: readonly number[];
  readonly streamVersions: readonly number[] | null;
  readonly exceptions: {
    readonly verdicts: readonly AppendVerdict[];
    readonly positions: readonly (number | null)[];
    readonly topics: readonly (number | null)[];
    readonly partitions: readonly (number | null)[];
    readonly offsets: readonly (number | null)[];
    readonly versions: readonly (number | null)[];
  } | null;
};

type AppendRow = {
  tail: number;
  recorded: string;
  slot_next: string;
  stream_versions: string | null;
  verdicts: AppendVerdict[] | null;
  positions: string | null;
  topics: (number | null)[] | null;
  partitions: (number | null)[] | null;
  offsets: string | null;
  versions: string | null;
};

const APPEND = {
  name: 'append_batch',
  text: `SELECT tail, recorded, slot_next::text, stream_versions::text, verdicts, positions::text, topics, partitions,
                offsets::text, versions::text
           FROM append_batch($1::smallint, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`,
};

/** One call of `append_batch`, autocommit: when it resolves the batch is durable. */
export async function appendBatch(db: Db, batch: AppendArrays): Promise<AppendOutcome> {
  const { rows } = await db.query<AppendRow>({
    ...APPEND,
    values: [
      batch.shard,
      batch.fast,
      batch.knownTail,
      batch.slotTopic,
      batch.slotPartition,
      batch.slotNext,
      batch.streams,
      batch.slot,
      batch.slotRank,
      batch.stream,
      batch.streamRank,
      batch.request,
      batch.expected,
      batch.eventId,
      batch.source,
      batch.type,
      batch.subject,
      batch.key,
      batch.correlation,
      batch.causation,
      batch.time,
      batch.extensions,
      batch.data,
      batch.binary,
    ],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('append_batch answered nothing');
  return {
    tail: row.tail,
    recordedAt: isoFromPg(row.recorded),
    slotNext: numbersOf(row.slot_next),
    streamVersions: row.stream_versions === null ? null : numbersOf(row.stream_versions),
    exceptions:
      row.verdicts === null
        ? null
        : {
            verdicts: row.verdicts,
            positions: nullableNumbersOf(row.positions),
            topics: row.topics ?? [],
            partitions: row.partitions ?? [],
            offsets: nullableNumbersOf(row.offsets),
            versions: nullableNumbersOf(row.versions),
          },
  };
}

// bigint[] as text: `{1,NULL,3}`.
function nullableNumbersOf(text: string | null): (number | null)[] {
  if (text === null || text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? null : Number(item)));
}

function numbersOf(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}
