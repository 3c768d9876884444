import { type Readable, type Writable } from 'node:stream';
import { type PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { leafTable } from './leaf-rows.ts';

/** The columns of an event in the order they are written to files. */
export const LEAF_COLUMNS = [
  'position',
  'shard',
  'topic_id',
  'partition',
  'offset',
  'stream_version',
  'recorded_at',
  'time',
  'event_id',
  'source',
  'type',
  'subject',
  'key',
  'stream_id',
  'correlation_id',
  'causation_id',
  'extensions',
  'data',
  'data_binary',
] as const;

const quoted = (columns: readonly string[]): string =>
  columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ');

/** All rows of a leaf as text, one a line, in the order of positions. */
export function readLeafRows(client: Pick<PoolClient, 'query'>, from: number): Readable {
  return client.query(
    copyTo(
      `COPY (SELECT ${quoted(LEAF_COLUMNS)} FROM ${leafTable(from)} ORDER BY shard, position) TO STDOUT`,
    ),
  );
}

/** Takes rows as they were read, into a table that the transaction has created. */
export function writeLeafRows(
  client: Pick<PoolClient, 'query'>,
  from: number,
  columns: readonly string[],
): Writable {
  return client.query(
    copyFrom(`COPY ${leafTable(from)} (${quoted(columns)}) FROM STDIN WITH (FREEZE)`),
  );
}
