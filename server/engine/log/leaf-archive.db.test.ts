import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { topicSettingsSchema } from '#contracts/topic.ts';
import {
  beginDrop,
  type LeafRow,
  leafTable,
  selectLeafRow,
  selectLeafRows,
} from '#server/storage/leaf-rows.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { silentLogger } from '../logger.ts';

const LEAF = 100;
const folder = mkdtempSync(join(tmpdir(), 'weir-archive-'));
chmodSync(folder, 0o755);
let kit: TestEngine;
const complaints: string[] = [];
const note = (details: object, message: string): void => {
  complaints.push(`${message}: ${'err' in details ? String(details.err) : ''}`);
};

beforeAll(async () => {
  const logger = { ...silentLogger, warn: note, error: note };
  kit = await createTestEngine({ leafPositions: LEAF, archiveFolder: folder, logger });
  const { engine } = kit;
  await engine.topics.put('kept', topicSettingsSchema.parse({ partitions: 2 }), 'tester');
  await engine.publisher.appendToStream({
    streamId: 'account-1',
    expectedVersion: 'any',
    topic: 'kept',
    inputs: [
      {
        attributes: { id: 'in-a-stream', source: 'test', type: 'thing.happened' },
        payload: { kind: 'json', value: { text: 'tab\t, \\ and\nline ☂' } },
      },
    ],
  });
  await engine.publisher.publish({
    topic: 'kept',
    batch: false,
    inputs: [
      {
        attributes: {
          id: 'binary',
          source: 'test',
          type: 'thing.happened',
          datacontenttype: 'application/octet-stream',
        },
        payload: { kind: 'binary', bytes: Buffer.from([0, 10, 92, 255]) },
      },
    ],
  });
  await publish(400, 'e');
  await until(sealed, (leaves) => leaves.length >= 3);
});
afterAll(async () => {
  await kit.drop();
  rmSync(folder, { recursive: true, force: true });
});

const pool = () => kit.database.database.pool;
const sealed = async () => (await selectLeafRows(pool())).filter((leaf) => leaf.state === 'sealed');
const leafAt = async (from: number): Promise<LeafRow> => {
  const leaf = await selectLeafRow(pool(), from);
  if (leaf === null) throw new Error(`no leaf at ${from}`);
  return leaf;
};

async function publish(count: number, prefix: string): Promise<void> {
  for (let from = 0; from < count; from += 50)
    await kit.engine.publisher.publish({
      topic: 'kept',
      batch: true,
      inputs: Array.from({ length: Math.min(50, count - from) }, (_, index) => ({
        attributes: {
          id: `${prefix}${from + index}`,
          source: 'test',
          type: 'thing.happened',
          correlationid: `c${index}`,
        },
        payload: { kind: 'json', value: { index: from + index } } as const,
      })),
    });
}

/** Every column of every row of a leaf, as text. */
async function rowsOf(from: number): Promise<readonly string[]> {
  const { rows } = await pool().query<{ row: string }>(
    `SELECT e::text AS row FROM events e WHERE position >= $1 AND position < $2 ORDER BY position`,
    [from, from + LEAF],
  );
  return rows.map((each) => each.row);
}

const indexesOf = async (from: number) => {
  const { rows } = await pool().query<{ definition: string }>(
    'SELECT indexdef AS definition FROM pg_indexes WHERE tablename = $1 ORDER BY 1',
    [leafTable(from)],
  );
  return rows.map((row) => row.definition.replaceAll(leafTable(from), 'leaf'));
};

async function ended(start: Promise<{ readonly id: string }>): Promise<string> {
  const { id } = await start;
  const operation = await until(
    () => kit.engine.operations.get(id),
    (seen) => ['done', 'failed'].includes(seen.state),
  );
  return operation.state === 'done' ? 'done' : `${operation.state}: ${operation.detail}`;
}
const archive = (from: number, drop = false) =>
  ended(kit.engine.operations.archiveLeaf(from, { drop }, 'tester'));
const restore = (from: number) => ended(kit.engine.operations.restoreLeaf(from, 'tester'));

test('a leaf is archived, dropped and restored with every column, index and promise it had', async () => {
  const { engine } = kit;
  const before = await rowsOf(1);
  const indexes = await indexesOf(1);
  expect(before).toHaveLength(LEAF);

  expect(await archive(1)).toBe('done');
  expect(await leafAt(1)).toMatchObject({ state: 'archived', rows: LEAF });
  expect(await rowsOf(1)).toEqual(before);

  expect(await archive(1, true)).toBe('done');
  expect((await leafAt(1)).state).toBe('dropped');
  expect(await rowsOf(1)).toEqual([]);
  await expect(engine.reader.get('binary')).rejects.toMatchObject({ code: 'unknown-event' });
  expect((await engine.topics.get('kept')).lows?.some((low) => low > 0)).toBe(true);

  expect(await restore(1)).toBe('done');
  expect((await leafAt(1)).state).toBe('restored');
  expect(await rowsOf(1)).toEqual(before);
  expect(await indexesOf(1)).toEqual(indexes);
  expect((await engine.topics.get('kept')).lows).toEqual([0, 0]);
  expect((await engine.reader.get('binary')).data_base64).toBe('AApc/w==');
  const [again] = await engine.publisher.publish({
    topic: 'kept',
    batch: false,
    inputs: [
      {
        attributes: { id: 'e3', source: 'test', type: 'thing.happened' },
        payload: { kind: 'json', value: 1 },
      },
    ],
  });
  expect(again?.duplicate).toBe(true);
  await expect(
    pool().query(`INSERT INTO events SELECT * FROM events WHERE position = 5`),
  ).rejects.toThrow(/duplicate key/);
  await expect(
    pool().query(
      `INSERT INTO events (position, shard, topic_id, "partition", "offset", recorded_at, time, event_id, source, type)
       SELECT position, 1, 999, 0, 0, now(), now(), event_id, source, type FROM events WHERE position = 5`,
    ),
  ).rejects.toThrow(/duplicate key/);
});

test('nothing is dropped whose file is not whole, and nothing is restored from such a file', async () => {
  const before = await rowsOf(1);
  expect(await archive(1, true)).toBe('done');
  const leaf = await leafAt(1);
  const path = join(folder, leaf.archiveFile ?? '');
  const good = readFileSync(path);
  const bad = Buffer.from(good);
  bad[bad.length - 20] = (bad[bad.length - 20] ?? 0) ^ 255;
  await writeFile(path, bad);

  expect(await restore(1)).toMatch(/^failed: .*(decompressed|does not hold)/);
  expect((await leafAt(1)).state).toBe('dropped');

  await writeFile(path, good);
  expect(await restore(1)).toBe('done');
  // A file that was damaged while the leaf is in the log is written anew before the leaf goes.
  await writeFile(path, bad);
  expect(await archive(1, true)).toBe('done');
  expect(readFileSync(path).equals(bad)).toBe(false);
  expect(await restore(1)).toBe('done');
  expect(await rowsOf(1)).toEqual(before);
});

test('what a killed server left in the middle is finished or begun again', async () => {
  const before = await rowsOf(1);
  // Killed while writing: a partial file, which is no archive.
  writeFileSync(join(folder, 'events-000000000000101-000000000000200.weir-leaf.partial'), 'half');
  expect(await archive(1, true)).toBe('done');
  expect(await archive(101)).toBe('done');
  expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);

  // Killed between the note that the leaf goes, the detach and the drop: the next look goes on.
  for (const steps of [0, 1, 2]) {
    expect(await restore(1)).toBe('done');
    await beginDrop(pool(), 1);
    if (steps === 1)
      await pool().query(`ALTER TABLE events DETACH PARTITION ${leafTable(1)} CONCURRENTLY`);
    if (steps === 2) {
      await pool().query(`ALTER TABLE events DETACH PARTITION ${leafTable(1)}`);
      await pool().query(`DROP TABLE ${leafTable(1)}`);
    }
    await wakeRetention();
    await until(
      async () => (await leafAt(1)).state,
      (state) => state === 'dropped',
    );
    expect(await rowsOf(1)).toEqual([]);
  }
  expect(await restore(1)).toBe('done');
  expect(await rowsOf(1)).toEqual(before);
});

/** Any change of a topic makes retention look. */
const wakeRetention = () =>
  kit.engine.topics.put('waking', topicSettingsSchema.parse({ partitions: 1 }), 'tester');

test('refuses what would leave a hole, lose the tail, or has nothing to come from', async () => {
  const { operations } = kit.engine;
  const refused = { code: 'wrong-state' };
  const hot = (await selectLeafRows(pool())).find((leaf) => leaf.state === 'hot');
  await expect(
    operations.archiveLeaf(hot?.from ?? 0, { drop: false }, 'tester'),
  ).rejects.toMatchObject(refused);
  await expect(operations.archiveLeaf(101, { drop: true }, 'tester')).rejects.toMatchObject(
    refused,
  );
  await expect(operations.restoreLeaf(101, 'tester')).rejects.toMatchObject(refused);
  await expect(operations.archiveLeaf(7, { drop: false }, 'tester')).rejects.toMatchObject({
    code: 'unknown-leaf',
  });

  expect(await archive(1, true)).toBe('done');
  expect(await archive(101, true)).toBe('done');
  await expect(operations.restoreLeaf(1, 'tester')).rejects.toMatchObject(refused);
  expect(await restore(101)).toBe('done');
  await rm(join(folder, (await leafAt(1)).archiveFile ?? ''));
  expect(await restore(1)).toMatch(/^failed: .*cannot be read/);
});

/** Whoever appends waits for no lock for longer. However busy the machine is, such a wait is for somebody who holds it. */
const APPEND_LOCK_TIMEOUT_MS = 100;
const impatient = (client: { query(sql: string): Promise<unknown> }) =>
  client.query(`SET lock_timeout = ${APPEND_LOCK_TIMEOUT_MS}`);

async function makeWritersImpatient(): Promise<void> {
  const { writers } = kit.database.database;
  writers.on('connect', (client) => void impatient(client));
  for (const client of await Promise.all([writers.connect(), writers.connect()])) {
    await impatient(client);
    client.release();
  }
}
const waitsOfAppends = () => complaints.filter((message) => /append.*lock timeout/.test(message));

/** Appends without a pause; far fewer events a round than a leaf holds, so that leaves are made as fast as they fill. */
function appendOn() {
  const stop = new AbortController();
  const seen = { rounds: 0 };
  const running = (async () => {
    for (; !stop.signal.aborted; seen.rounds += 1) await publish(5, `while-${seen.rounds}-`);
  })();
  // Whoever stops it is told.
  running.catch(() => undefined);
  const stopped = () => {
    stop.abort();
    return running;
  };
  return { seen, stop: stopped };
}

/** Some statement waits for a lock. */
const isWaiting = (statement: string) =>
  until(
    async () =>
      (
        await pool().query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
          [`%${statement}%`],
        )
      ).rowCount,
    (count) => count !== null && count > 0,
  );

/** Does `work` while another session has done `statement` in a transaction that goes on. */
async function beside(statement: string, work: () => Promise<unknown>): Promise<void> {
  const other = await pool().connect();
  try {
    await other.query(`BEGIN; ${statement}`);
    await work();
  } finally {
    await other.query('ROLLBACK');
    other.release();
  }
}
/** Whoever alters the log writes to the catalogue last, and stands still there with all its locks. */
const HOLD_CATALOGUE = 'LOCK TABLE leaves IN SHARE MODE';
const holdCatalogueOf = (from: number) =>
  `SELECT FROM leaves WHERE from_position = ${from} FOR UPDATE`;
const READ_LOG = 'SELECT count(*) FROM events';
const LONG_MS = 120_000;

test('no append waits for a lock while leaves are made, dropped and restored, also beside a long read', {
  timeout: LONG_MS,
}, async () => {
  const { operations } = kit.engine;
  await makeWritersImpatient();
  complaints.length = 0;
  const from = (await selectLeafRows(pool())).find((leaf) => leaf.state !== 'dropped')?.from ?? 0;
  const appending = appendOn();
  const appendsGoOn = () => {
    const enough = appending.seen.rounds + 10;
    return until(
      () => appending.seen.rounds,
      (rounds) => rounds > enough,
    );
  };
  try {
    await beside(HOLD_CATALOGUE, async () => {
      await isWaiting('add_leaf');
      await appendsGoOn();
    });
    await beside(READ_LOG, async () => {
      await operations.archiveLeaf(from, { drop: true }, 'tester');
      await isWaiting('CONCURRENTLY');
      await appendsGoOn();
      // Cut off, because the read lasts; what ends it waits as well.
      await isWaiting('FINALIZE');
      await appendsGoOn();
    });
    await until(
      async () => (await leafAt(from)).state,
      (state) => state === 'dropped',
    );
    let restoring = '';
    await beside(holdCatalogueOf(from), async () => {
      restoring = (await operations.restoreLeaf(from, 'tester')).id;
      await isWaiting(`state = 'restored'`);
      await appendsGoOn();
    });
    expect(await ended(Promise.resolve({ id: restoring }))).toBe('done');
    await appendsGoOn();
    expect(waitsOfAppends()).toEqual([]);

    // And a wait would be seen.
    await beside('LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE', () =>
      until(waitsOfAppends, (waits) => waits.length > 0),
    );
  } finally {
    await appending.stop();
  }
  const { rows } = await pool().query<{ count: number; span: number }>(
    'SELECT count(*) AS count, max(position) - min(position) + 1 AS span FROM events',
  );
  expect(rows[0]?.count).toBe(rows[0]?.span);
});
