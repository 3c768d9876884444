// While somebody holds a snapshot of our database open, no version of a row can be cleaned away, and whoever looks a row up passes all of
// them. What is counted here is what appends to one stream, and claims of one partition, touch of the row that moves with each: it must not
// grow with what was stored since.
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { insertClaims, insertQueueCursors, updateClaims } from '#server/storage/claim-rows.ts';
import { selectStream, selectStreams } from '#server/storage/stream-rows.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';

/** As many as versions in one generation, so that each window sees one. */
const WINDOW = 256;
const WINDOWS = 5;
/** Of the blocks that the second window touched. */
const GROWTH_MAX = 1.2;
/** A page holds some 100 versions of a head, and planning looks as well. */
const LOOK_BLOCKS_MAX = 20;
const LOOKS = 10;
const OWNER = { nodeId: 'claims', incarnation: '00000000-0000-4000-8000-000000000001' };

let kit: TestEngine;
let snapshot: pg.Client;
let client: pg.PoolClient;
beforeEach(async () => {
  kit = await createTestEngine();
  client = await kit.database.database.pool.connect();
  await kit.engine.topics.ensure('held');
  snapshot = new pg.Client({ connectionString: kit.database.url });
  await snapshot.connect();
  await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM weir.nodes');
});
afterEach(async () => {
  client.release();
  await snapshot.end();
  await kit.drop();
});

/** Blocks of a table and its index that were touched until now, by all who have said so. */
async function blocksOf(table: string): Promise<number> {
  const { rows } = await client.query<{ blocks: number }>(
    `SELECT (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int AS blocks
       FROM pg_statio_user_tables WHERE relname = $1`,
    [table],
  );
  return rows[0]?.blocks ?? 0;
}

/** Whoever worked on the connection says now what it touched, instead of some time later. */
const flushCounts = (on: pg.Pool | pg.PoolClient) => on.query('SELECT pg_stat_force_next_flush()');

/** The blocks that each window of steps, one after the other on one connection, touched. */
async function touchedIn(
  table: string,
  on: pg.Pool | pg.PoolClient,
  step: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const touched: number[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const before = await blocksOf(table);
    for (let i = 0; i < WINDOW; i += 1) await step(window * WINDOW + i);
    await flushCounts(on);
    touched.push((await blocksOf(table)) - before);
  }
  process.stdout.write(`blocks of ${table}: ${JSON.stringify(touched)}\n`);
  return touched;
}

/** How much more the last window touched. */
const growthOf = (touched: readonly number[]): number => (touched.at(-1) ?? 0) / (touched[1] ?? 0);

const appendToOneStream = (): Promise<number[]> =>
  // Appends go one at a time, all on one connection.
  touchedIn('stream_heads', kit.database.database.writers, (version) =>
    kit.engine.publisher.appendToStream({
      topic: 'held',
      inputs: [
        {
          attributes: { source: '/held', type: 'thing.happened' },
          payload: { kind: 'json', value: { version } },
        },
      ],
      streamId: 'hot-1',
      expectedVersion: version,
    }),
  );

async function claimOneByOne(): Promise<number[]> {
  const { rows } = await client.query<{ id: number; topicId: number }>(
    `INSERT INTO subscriptions (name, settings) SELECT 'held', '{}'
     RETURNING id, (SELECT t.id FROM topics t WHERE t.name = 'held') AS "topicId"`,
  );
  const { id, topicId } = rows[0] ?? { id: 0, topicId: 0 };
  const place = { topicId, partition: 0 };
  await insertQueueCursors(client, id, [{ ...place, offset: 0, position: 0 }]);
  return touchedIn('queue_cursors', client, async (offset) => {
    const wish = { ...place, head: offset + 1, limit: 10, known: 0, position: 0 };
    const [claim] = await insertClaims(client, id, OWNER, [wish]);
    expect(claim).toMatchObject({ from: offset, to: offset + 1 });
    const done = { id: claim?.id ?? 0, epoch: 1, from: offset + 1, done: [], complete: true };
    await updateClaims(client, OWNER, [done]);
  });
}

test('an append touches no more of the head of its stream the longer a snapshot is held', {
  timeout: 120_000,
}, async () => {
  const touched = await appendToOneStream();

  expect(growthOf(touched)).toBeLessThan(GROWTH_MAX);
  const before = await blocksOf('stream_heads');
  for (let look = 0; look < LOOKS; look += 1) await selectStream(client, 'hot-1');
  await flushCounts(client);
  expect((await blocksOf('stream_heads')) - before).toBeLessThan(LOOKS * LOOK_BLOCKS_MAX);
  const [head, ...more] = await selectStreams(client, { limit: 10 });
  expect(head).toMatchObject({ streamId: 'hot-1', version: WINDOW * WINDOWS });
  expect(more).toEqual([]);
});

test('a claim touches no more of the cursor of its partition the longer a snapshot is held', async () => {
  const touched = await claimOneByOne();

  expect(growthOf(touched)).toBeLessThan(GROWTH_MAX);
});

test('heads and cursors that are looked for from the oldest on would be noticed', {
  timeout: 120_000,
}, async () => {
  await sabotageFunction(kit.database.database, {
    name: 'append_batch',
    from: 'ORDER BY o.generation DESC LIMIT 1',
    to: 'ORDER BY o.generation LIMIT 1',
  });
  await sabotageFunction(kit.database.database, {
    name: 'claim_ranges',
    from: 'ORDER BY q.generation DESC LIMIT 1',
    to: 'ORDER BY q.generation LIMIT 1',
  });

  const heads = await appendToOneStream();
  const cursors = await claimOneByOne();

  expect(growthOf(heads)).toBeGreaterThan(GROWTH_MAX);
  expect(growthOf(cursors)).toBeGreaterThan(GROWTH_MAX);
});
