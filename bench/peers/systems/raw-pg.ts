import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { packageVersion } from '../package-version.ts';
import { poll } from '../polling.ts';
import {
  type BenchData,
  type Consumer,
  numberOf,
  type OpenSystem,
  type System,
} from '../system.ts';

// What Postgres gives at most: one table with one key, no checks, no ids, no order to keep.
const SCHEMA = `
  CREATE TABLE events (position bigserial PRIMARY KEY, stream text, version integer, data json NOT NULL);
  CREATE TABLE stream_events (stream text NOT NULL, version integer NOT NULL, data json NOT NULL, PRIMARY KEY (stream, version));
  CREATE TABLE cursors (name text PRIMARY KEY, position bigint NOT NULL);
  INSERT INTO cursors VALUES ('bench', 0)`;
const READ_PAGE = 10_000;
const POLL_PAGE = 1_000;
const POLL_MS = 2;

/** Statements by hand, the floor and the ceiling of what the others can do. */
export const rawPg: System = {
  version: packageVersion('pg'),
  usage: 'one INSERT and commit per event; INSERT … SELECT unnest for batches; one SELECT per page',
  open: (url, connections) => openRaw(url, connections, 'unnest'),
};

export const rawCopy: System = {
  version: packageVersion('pg-copy-streams'),
  usage: 'COPY … FROM STDIN, one per batch',
  open: (url, connections) => openRaw(url, connections, 'copy'),
};

/** The control: `position > last` over a sequence. It is expected to lose events when writers commit out of order. */
export const naivePoller: System = {
  version: packageVersion('pg'),
  usage: `SELECT … WHERE position > last every ${POLL_MS} ms, over a bigserial`,
  open: async (url, connections) => {
    const raw = await openRaw(url, connections, 'unnest');
    return { ...raw, consume: (onNumber) => follow(url, onNumber) };
  },
};

async function openRaw(
  url: string,
  connections: number,
  batches: 'unnest' | 'copy',
): Promise<OpenSystem> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  await pool.query(SCHEMA);
  return {
    append: async (data) => {
      const values = [JSON.stringify(data)];
      await pool.query({ name: 'append', text: 'INSERT INTO events (data) VALUES ($1)', values });
    },
    appendMany: batches === 'unnest' ? (data) => unnest(pool, data) : (data) => copy(pool, data),
    appendToStream: async (stream, data) => {
      await pool.query(
        `INSERT INTO stream_events
         SELECT $1, (SELECT coalesce(max(version), 0) FROM stream_events WHERE stream = $1) + e.ord, e.data
           FROM unnest($2::json[]) WITH ORDINALITY AS e(data, ord)`,
        [stream, data.map((one) => JSON.stringify(one))],
      );
    },
    readStream: async (stream) => {
      const { rows } = await pool.query<{ data: unknown }>({
        name: 'stream',
        text: 'SELECT version, data FROM stream_events WHERE stream = $1 ORDER BY version',
        values: [stream],
      });
      return rows.map((row) => numberOf(row.data));
    },
    readAll: (onNumber) => readAll(pool, onNumber),
    storedNumbers: async () => {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT (data->>'n')::int AS n FROM events UNION ALL SELECT (data->>'n')::int FROM stream_events`,
      );
      return rows.map((row) => row.n);
    },
    close: () => pool.end(),
  };
}

async function unnest(pool: pg.Pool, data: readonly BenchData[]): Promise<void> {
  await pool.query({
    name: 'append_many',
    text: 'INSERT INTO events (data) SELECT * FROM unnest($1::json[])',
    values: [data.map((one) => JSON.stringify(one))],
  });
}

async function copy(pool: pg.Pool, data: readonly BenchData[]): Promise<void> {
  const client = await pool.connect();
  try {
    const text = data.map((one) => `${JSON.stringify(one)}\n`).join('');
    await pipeline(Readable.from([text]), client.query(copyFrom('COPY events (data) FROM STDIN')));
  } finally {
    client.release();
  }
}

async function readAll(pool: pg.Pool, onNumber: (n: number) => void): Promise<void> {
  let position = '0';
  for (;;) {
    const { rows } = await pool.query<{ position: string; data: unknown }>({
      name: 'read_all',
      text: 'SELECT position, data FROM events WHERE position > $1 ORDER BY position LIMIT $2',
      values: [position, READ_PAGE],
    });
    for (const row of rows) onNumber(numberOf(row.data));
    position = rows.at(-1)?.position ?? position;
    if (rows.length < READ_PAGE) return;
  }
}

async function follow(url: string, onNumber: (n: number) => void): Promise<Consumer> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let position = '0';
  const polling = poll(POLL_MS, async () => {
    const { rows } = await client.query<{ position: string; data: unknown }>({
      name: 'poll',
      text: 'SELECT position, data FROM events WHERE position > $1 ORDER BY position LIMIT $2',
      values: [position, POLL_PAGE],
    });
    for (const row of rows) onNumber(numberOf(row.data));
    const last = rows.at(-1)?.position;
    if (last === undefined) return false;
    position = last;
    await client.query(`UPDATE cursors SET position = $1 WHERE name = 'bench'`, [last]);
    return true;
  });
  return {
    unsettled: () => Promise.resolve(0),
    stop: async () => {
      await polling.stop();
      await client.end();
    },
  };
}
