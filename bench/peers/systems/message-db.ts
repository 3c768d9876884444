import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { packageVersion } from '../package-version.ts';
import { poll } from '../polling.ts';
import {
  type BenchData,
  type Consumer,
  numberOf,
  type OpenSystem,
  type System,
} from '../system.ts';

const CATEGORY = 'bench';
const SQL_FOLDER = join(import.meta.dirname, '../../../node_modules/@eventide/message-db/database');
// The order of its install.sh; its role and grants are for users we do not have.
const FUNCTIONS_FIRST = [
  'functions/message-store-version.sql',
  'functions/hash-64.sql',
  'functions/acquire-lock.sql',
  'functions/category.sql',
];
const PAGE = 1_000;
const POLL_MS = 2;

/** The functions of the package, called as its own client does; its client is for Ruby, so the loop around them is ours. */
export const messageDb: System = {
  version: packageVersion('@eventide/message-db'),
  usage: `write_message (a stream per caller, one category), get_stream_messages, get_category_messages ${PAGE} at a time, polled every ${POLL_MS} ms`,
  open: async (url, connections) => {
    await install(url);
    const pool = new pg.Pool({
      connectionString: url,
      max: connections,
      options: '-c search_path=message_store,public',
    });
    return systemOn(pool);
  },
};

async function install(url: string): Promise<void> {
  const functions = readdirSync(join(SQL_FOLDER, 'functions')).map((name) => `functions/${name}`);
  const indexes = readdirSync(join(SQL_FOLDER, 'indexes')).map((name) => `indexes/${name}`);
  const files = [
    'schema/message-store.sql',
    'extensions/pgcrypto.sql',
    'tables/messages.sql',
    'types/message.sql',
    ...FUNCTIONS_FIRST,
    ...functions.filter((name) => !FUNCTIONS_FIRST.includes(name)),
    ...indexes,
  ];
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SET check_function_bodies = off; SET search_path = message_store, public');
    for (const file of files) {
      await client.query(readFileSync(join(SQL_FOLDER, file), 'utf8'));
    }
  } finally {
    await client.end();
  }
}

function systemOn(pool: pg.Pool): OpenSystem {
  const write = async (stream: string, data: BenchData, expected: number | null) => {
    const { rows } = await pool.query<{ position: string }>({
      name: 'write',
      text: 'SELECT write_message($1, $2, $3, $4, NULL, $5) AS position',
      values: [randomUUID(), stream, 'OrderPlaced', JSON.stringify(data), expected],
    });
    return Number(rows[0]?.position);
  };
  let known = -1;
  return {
    append: async (data, writer) => {
      await write(`${CATEGORY}-${writer}`, data, null);
    },
    appendMany: (data, caller) => writeAll(pool, `${CATEGORY}-${caller}`, data),
    appendToStream: (stream, data) => writeAll(pool, stream, data),
    readStream: (stream) => readStream(pool, stream),
    contend: async (stream, data) => {
      try {
        known = Math.max(known, await write(stream, data, known));
        return true;
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('Wrong expected version')))
          throw error;
        const { rows } = await pool.query<{ version: string | null }>(
          'SELECT stream_version($1) AS version',
          [stream],
        );
        known = Math.max(known, Number(rows[0]?.version ?? -1));
        return false;
      }
    },
    readAll: async (onNumber) => {
      let position = 1;
      for (;;) {
        const page = await readCategory(pool, position);
        for (const row of page) onNumber(numberOf(row.data));
        if (page.length < PAGE) return;
        position = Number(page.at(-1)?.global_position) + 1;
      }
    },
    consume: (onNumber) => consume(pool, onNumber),
    storedNumbers: async () => {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT (data->>'n')::int AS n FROM messages`,
      );
      return rows.map((row) => row.n);
    },
    close: () => pool.end(),
  };
}

/** It has no batch: one statement that writes each event by the function of the package. */
async function writeAll(pool: pg.Pool, stream: string, data: readonly BenchData[]): Promise<void> {
  await pool.query({
    name: 'write_many',
    text: `SELECT write_message(e.id, $1, 'OrderPlaced', e.data) FROM unnest($2::text[], $3::jsonb[]) AS e(id, data)`,
    values: [stream, data.map(() => randomUUID()), data.map((one) => JSON.stringify(one))],
  });
}

async function readStream(pool: pg.Pool, stream: string): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const { rows } = await pool.query<{ data: string }>({
      name: 'stream',
      text: 'SELECT * FROM get_stream_messages($1, $2, $3)',
      values: [stream, numbers.length, PAGE],
    });
    for (const row of rows) numbers.push(numberOf(row.data));
    if (rows.length < PAGE) return numbers;
  }
}

type Message = { readonly global_position: string; readonly data: string };

async function readCategory(pool: pg.Pool, position: number): Promise<Message[]> {
  const { rows } = await pool.query<Message>({
    name: 'category',
    text: 'SELECT * FROM get_category_messages($1, $2, $3)',
    values: [CATEGORY, position, PAGE],
  });
  return rows;
}

/** Its clients record their place as an event of their own now and then: here once a page. */
function consume(pool: pg.Pool, onNumber: (n: number) => void): Promise<Consumer> {
  let position = 1;
  const polling = poll(POLL_MS, async () => {
    const page = await readCategory(pool, position);
    for (const row of page) onNumber(numberOf(row.data));
    if (page.length === 0) return false;
    position = Number(page.at(-1)?.global_position) + 1;
    const place = JSON.stringify({ n: -1, position });
    await pool.query('SELECT write_message($1, $2, $3, $4)', [
      randomUUID(),
      'consumer:position-bench',
      'Recorded',
      place,
    ]);
    return true;
  });
  return Promise.resolve({ unsettled: () => Promise.resolve(0), stop: polling.stop });
}
