import { afterAll, beforeAll, expect, test } from 'vitest';
import { topicSettingsSchema } from '#contracts/topic.ts';
import { selectLeaves } from '#server/storage/leaf-rows.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { systemClock } from '../clock.ts';
import { addLeavesAhead } from './leaves.ts';

const PATIENCE_MS = 60_000;
let kit: TestEngine;
let skewMs = 0;

beforeAll(async () => {
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + skewMs };
  kit = await createTestEngine({ leafPositions: 100, clock });
  await kit.engine.topics.put('kept', topicSettingsSchema.parse({ partitions: 1 }), 'tester');
});
afterAll(() => kit.drop());

const pool = () => kit.database.database.pool;
const holdShape = 'BEGIN; LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE';

/** What of those who wait for the lock of the log's shape; some does. */
async function waiting<Row extends object>(columns: string): Promise<Row> {
  const rows = await until(
    async () =>
      (
        await pool().query<Row>(
          `SELECT ${columns} FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.relation = 'events'::regclass AND l.mode = 'ShareUpdateExclusiveLock' AND NOT l.granted`,
        )
      ).rows,
    (seen) => seen.length > 0,
  );
  if (rows[0] === undefined) throw new Error('nobody waits');
  return rows[0];
}

test('an append is stored although making its leaf took longer than its patience', async () => {
  await until(
    async () => (await pool().query('SELECT FROM outbox')).rowCount,
    (count) => count === 0,
  );
  const holder = await pool().connect();
  try {
    for (const { low } of await selectLeaves(pool()))
      if (low > 1) await pool().query(`DROP TABLE events_${String(low).padStart(15, '0')}`);
    await holder.query(holdShape);
    const published = kit.engine.publisher.publish({
      topic: 'kept',
      batch: true,
      inputs: Array.from({ length: 150 }, (_, index) => ({
        attributes: { id: `e${index}`, source: 'test', type: 'thing.happened' },
        payload: { kind: 'json', value: index } as const,
      })),
    });
    published.catch(() => undefined);
    await waiting('l.pid');
    skewMs += PATIENCE_MS;
    await holder.query('ROLLBACK');

    expect(await published).toHaveLength(150);
  } finally {
    holder.release(true);
  }
});

test('who waits for the log to be altered ends its transaction between two tries, for the end of a detach would wait for it', async () => {
  const holder = await pool().connect();
  try {
    await holder.query(holdShape);
    const last = (await selectLeaves(pool())).at(-1)?.high ?? 1;
    const added = addLeavesAhead({ database: kit.database.database, clock: systemClock }, last);
    added.catch(() => undefined);
    const { transaction } = await waiting<{ transaction: string }>(
      'l.virtualtransaction AS transaction',
    );
    await until(
      async () =>
        (await pool().query('SELECT FROM pg_locks WHERE virtualtransaction = $1', [transaction]))
          .rowCount,
      (locks) => locks === 0,
    );
    await holder.query('ROLLBACK');

    await added;
  } finally {
    holder.release(true);
  }
});
