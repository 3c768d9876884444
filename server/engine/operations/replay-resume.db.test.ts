import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operationSchema, replayRequestSchema } from '#contracts/operation.ts';
import { subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { insertSubscription } from '#server/storage/subscription-rows.ts';
import { newEvent } from '#server/testing/new-event.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestLogs, type TestLogs } from '#server/testing/test-logs.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { systemClock } from '../clock.ts';
import { createEventReader } from '../log/event-reader.ts';
import { LeafArchive } from '../log/leaf-archive.ts';
import { type PostgresEventLog } from '../log/postgres-event-log.ts';
import { silentLogger } from '../logger.ts';
import { startAll, stopAll } from '../service.ts';
import { createOperations } from './operations.ts';

let kit: TestLogs;
let log: PostgresEventLog;

beforeAll(async () => {
  kit = await createTestLogs();
  log = await kit.open();
});
afterAll(() => kit.drop());

/** A target outside the engine: acknowledges so many deliveries, never answers the others, and remembers them all. */
function target(acknowledges: number) {
  const given: { position: number; operationId: string }[] = [];
  const redelivery: Redelivery = {
    deliver: (_subscription, record, mark) => {
      given.push({ position: record.position, operationId: mark.operationId });
      return given.length <= acknowledges
        ? Promise.resolve('acknowledged')
        : new Promise(() => undefined);
    },
    redrive: () => Promise.resolve([]),
    wake: () => undefined,
    onLetterSettled: () => () => undefined,
    targetState: () => ({ type: 'running' }),
  };
  return { redelivery, given };
}

const operationsFor = (redelivery: Redelivery) =>
  createOperations({
    database: kit.database,
    log,
    reader: createEventReader({ database: kit.database, topics: kit.topics, log }),
    redelivery,
    leaves: new LeafArchive({
      database: kit.database,
      log,
      clock: systemClock,
      wakeOutbox: () => undefined,
      folder: undefined,
    }),
    clock: systemClock,
    logger: silentLogger,
    wakeOutbox: () => undefined,
  });

async function appendEvents(count: number): Promise<number[]> {
  await kit.topics.ensure('things');
  const receipts = await log.append({
    topic: 'things',
    events: Array.from({ length: count }, () => newEvent(randomUUID())),
  });
  return receipts.map(({ position }) => position).toSorted((a, b) => a - b);
}

it('a replay whose process died goes on behind what was acknowledged, and nothing is left out', async () => {
  const positions = await appendEvents(900);
  await insertSubscription(kit.database.pool, {
    name: 'survivor',
    settings: subscriptionSettingsSchema.parse({ filter: { topics: ['things'] } }),
    scenario: null,
    handlerVersion: null,
    breaker: { state: 'closed', sinceMs: 0, held: false },
  });
  const dying = target(350);
  const first = operationsFor(dying.redelivery);
  await startAll(first.services);
  const { id } = operationSchema.parse(
    await first.operations.replay(
      replayRequestSchema.parse({
        from: positions[0],
        to: positions.at(-1),
        target: { subscription: 'survivor' },
      }),
      'tester',
    ),
  );
  await until(async () => {
    const { rows } = await kit.database.pool.query<{ done: number }>(
      'SELECT done FROM operations WHERE id = $1',
      [id],
    );
    return rows[0]?.done === 350;
  }, Boolean);

  // The process dies: it writes nothing more, and its lease runs out.
  await kit.database.pool.query(
    `UPDATE operations SET claimed_by = $2, lease_until = now() - interval '1 second' WHERE id = $1`,
    [id, randomUUID()],
  );
  const living = target(Number.POSITIVE_INFINITY);
  const second = operationsFor(living.redelivery);
  await startAll(second.services);
  await until(async () => (await second.operations.get(id)).state === 'done', Boolean);

  expect(await second.operations.get(id)).toMatchObject({ total: 900, done: 900, failed: 0 });
  expect(living.given.map(({ position }) => position)).toEqual(positions.slice(350));
  expect(living.given.every(({ operationId }) => operationId === id)).toBe(true);
  await stopAll([...first.services, ...second.services]);
});

it('what is paused stays paused when the process starts again', async () => {
  const positions = await appendEvents(10);
  const slow = target(2);
  const first = operationsFor(slow.redelivery);
  await startAll(first.services);
  const { id } = operationSchema.parse(
    await first.operations.replay(
      replayRequestSchema.parse({
        from: positions[0],
        to: positions.at(-1),
        target: { subscription: 'survivor' },
        ratePerSecond: 50,
      }),
      'tester',
    ),
  );
  await until(() => slow.given.length > 0, Boolean);

  await first.operations.pause(id, 'tester');
  await stopAll(first.services);
  const next = target(Number.POSITIVE_INFINITY);
  const second = operationsFor(next.redelivery);
  await startAll(second.services);

  expect((await second.operations.get(id)).state).toBe('paused');
  expect(next.given).toHaveLength(0);
  await second.operations.resume(id, 'tester');
  await until(async () => (await second.operations.get(id)).state === 'done', Boolean);
  expect(await second.operations.get(id)).toMatchObject({ total: 10, done: 10 });
  await stopAll(second.services);
});
