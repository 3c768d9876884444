import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { type BrokerStore, createBrokerStore } from '#server/engine/broker/broker-store.ts';
import { type OffsetCommit } from '#server/storage/partition-rows.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { createMemoryBrokerStore } from './memory-broker-store.ts';
import { MemoryLog } from './memory-log.ts';

/** A store of its own for each test, with one subscription on two partitions of topic 1. */
type Kind = {
  readonly open: () => Promise<BrokerStore>;
  readonly expire: (nodeId: string) => Promise<void>;
};

let database: TestDatabase;
let topicId = 1;
beforeAll(async () => {
  database = await createTestDatabase();
  const { rows } = await database.database.pool.query<{ id: number }>(
    `INSERT INTO topics (name, partitions) VALUES ('contract', 2) RETURNING id`,
  );
  topicId = rows[0]?.id ?? 1;
});
afterAll(() => database.drop());

const postgres: Kind = {
  open: async () => {
    await database.database.pool.query('DELETE FROM subscriptions');
    await database.database.pool.query('DELETE FROM nodes');
    return createBrokerStore(database.database);
  },
  expire: async (nodeId) => {
    const sql = `UPDATE nodes SET heartbeat_at = now() - interval '11 seconds' WHERE node_id = $1`;
    await database.database.pool.query(sql, [nodeId]);
  },
};

let memory: ReturnType<typeof createMemoryBrokerStore>;
const inMemory: Kind = {
  open: async () => {
    let nowMs = Date.UTC(2030, 0, 1);
    const now = () => (nowMs += 1);
    memory = createMemoryBrokerStore({ log: new MemoryLog([], now), now });
    return memory.store;
  },
  expire: async (nodeId) => {
    const node = memory.tables().nodes.find((one) => one.nodeId === nodeId);
    if (node !== undefined) node.heartbeatMs -= 11_000;
  },
};

const ownerNamed = (nodeId: string) => ({ nodeId, incarnation: randomUUID() });
const range = (from: number, to: number) => ({ from, to });
const place = (partition: number) => ({ topicId, partition });
const wanted = () => [place(0), place(1)];
const due = () => ({ limit: 10, of: wanted() });
const commitOf = (
  committed: number,
  more: Partial<Pick<OffsetCommit, 'epoch' | 'doneAhead'>> = {},
): OffsetCommit => ({
  ...place(0),
  epoch: 1,
  committed,
  position: committed,
  doneAhead: null,
  ...more,
});

describe.each([
  ['on Postgres', postgres],
  ['in memory', inMemory],
])('the store of the broker %s', (_name, kind) => {
  let store: BrokerStore;
  let id: number;
  const first = ownerNamed('first');
  const second = ownerNamed('second');
  const take = (owner: typeof first) =>
    store.acquirePartitions(id, owner, { maxInFlight: 5, wanted: wanted() });
  const target = (offset: number, key = 'key') => ({
    subscriptionId: id,
    ...place(0),
    offset,
    position: offset + 1,
    key,
  });
  const failed = (offset: number) => ({
    subscriptionId: id,
    position: offset + 1,
    attempt: 1,
    durationMs: 1,
    errorClass: 'Error',
    errorMessage: 'failed',
    stack: null,
    handlerVersion: null,
    retryable: true,
    operationId: null,
  });
  const fence = (epoch: number) =>
    ({ type: 'partition', subscriptionId: id, ...place(0), owner: first, epoch }) as const;
  const fail = (offset: number, epoch = 1) =>
    store.insertWaitingRetry(failed(offset), {
      target: target(offset),
      delayMs: 0,
      kind: 'delivery',
      fence: fence(epoch),
    });
  const park = (offset: number, epoch = 1) =>
    store.insertParkedRetries(first, [{ ...target(offset), epoch }]);

  beforeEach(async () => {
    store = await kind.open();
    const settings = subscriptionSettingsSchema.parse({});
    const given = { name: 'c', settings, scenario: null, handlerVersion: null, breaker: {} };
    id = (await store.insertSubscription(given))?.id ?? 0;
    await store.insertPartitions(
      id,
      wanted().map((one) => ({ ...one, offset: 0, position: 0 })),
    );
    await store.upsertNode(first);
    await store.upsertNode(second);
  });

  test('a partition is taken once, under a new epoch, and by others only when its owner is dead', async () => {
    expect((await take(first)).map((row) => [row.partition, row.epoch])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(await take(second)).toEqual([]);

    await kind.expire('first');

    expect(await take(first)).toEqual([]);
    const taken = await take(second);
    expect(taken.map((row) => [row.epoch, row.suspectUntil])).toEqual([
      [2, 5],
      [2, 5],
    ]);
  });

  test('who joins anew may ask twice, and is heard of from the first time; another process may not', async () => {
    const next = ownerNamed('first');
    await kind.expire('first');

    expect(await store.reviveNode(first, next.incarnation)).toBe(true);
    await kind.expire('first');
    expect(await store.reviveNode(first, next.incarnation)).toBe(true);
    expect((await store.beatNode(next, { serves: [], leaving: false })).state).toBe('lapsed');
    expect(await store.reviveNode(next, randomUUID())).toBe(true);
    expect(await store.reviveNode(first, next.incarnation)).toBe(false);
  });

  test('an offset is stored under its own epoch only, and never goes back', async () => {
    await take(first);
    const commit = (epoch: number, committed: number) =>
      store.updateCommitted(id, first, [commitOf(committed, { epoch })]);

    expect(await commit(0, 3)).toEqual([]);
    expect(await commit(1, 3)).toEqual([place(0)]);
    expect(await commit(1, 2)).toEqual([]);
    await store.resetPartitions(id, [{ ...place(0), offset: 1, position: 1 }]);
    expect(await commit(1, 4)).toEqual([]);
  });

  test('what is done beyond the offset is found by the next owner until the offset passes it, and a reset drops it', async () => {
    const done = { doneAhead: [range(4, 6), range(8, 9)] };
    const takenBy = async (owner: typeof first) => {
      const [row] = await take(owner);
      return { committed: row?.committed, doneAhead: row?.doneAhead };
    };
    await take(first);
    expect(await store.updateCommitted(id, first, [commitOf(3, done)])).toEqual([place(0)]);
    await store.releasePartitions(id, first);

    expect(await store.updateCommitted(id, first, [commitOf(3, { doneAhead: [] })])).toEqual([]);
    expect(await takenBy(second)).toEqual({ committed: 3, ...done });
    await store.updateCommitted(id, second, [commitOf(5, { epoch: 2 })]);
    await store.releasePartitions(id, second);
    expect(await takenBy(first)).toEqual({ committed: 5, doneAhead: [range(5, 6), range(8, 9)] });
    await store.resetPartitions(id, [{ ...place(0), offset: 1, position: 1 }]);
    expect(await takenBy(second)).toEqual({ committed: 1, doneAhead: [] });
  });

  test('what a process took without knowing it gives back, and keeps what it holds', async () => {
    await take(first);

    await store.releaseForgottenPartitions(id, first, [place(0)]);

    expect((await take(second)).map((row) => row.partition)).toEqual([1]);
  });

  test('a failure is kept while the lease holds, and is tried by the owner of its partition', async () => {
    await take(first);

    expect(await fail(0, 7)).toBe(false);
    expect(await fail(0)).toBe(true);
    expect(await store.claimDueRetries(id, second.incarnation, due())).toEqual([]);
    const other = { limit: 10, of: [place(1)] };
    expect(await store.claimDueRetries(id, first.incarnation, other)).toEqual([]);
    expect(await store.selectNextDueMs(id, first.incarnation, other.of)).toBeNull();
    const [row] = await store.claimDueRetries(id, first.incarnation, due());

    expect(row).toMatchObject({ position: 1, attempt: 2, kind: 'delivery' });
    expect(await store.selectForgottenRetries(id, first.incarnation, [])).toEqual([row]);
    expect(await store.selectForgottenRetries(id, first.incarnation, [row?.id ?? 0])).toEqual([]);
  });

  test('an attempt that is over says nothing about the next one of the same row', async () => {
    await take(first);
    await fail(0);
    const [row] = await store.claimDueRetries(id, first.incarnation, due());
    const claim = { id: row?.id ?? 0, claimedBy: first.incarnation };
    const over = { ...claim, attempt: 1 };
    const now = { ...claim, attempt: 2 };

    expect(await store.updateRetryWaiting(failed(0), over, 0)).toBe(false);
    expect(await store.updateRetryWaiting(failed(0), now, 0)).toBe(true);
    expect(await store.updateRetryWaiting(failed(0), now, 0)).toBe(false);
  });

  test('the next of a key takes the place of the one that is settled; the row of another is left alone', async () => {
    await take(first);
    await fail(0);
    await park(2);
    await park(1);
    await park(3, 9);
    const [front] = await store.claimDueRetries(id, first.incarnation, due());

    expect(await store.deleteRetryAndClaimNext(front?.id ?? 0, second.incarnation)).toBeNull();
    const settled = await store.deleteRetryAndClaimNext(front?.id ?? 0, first.incarnation);

    expect(settled?.next).toMatchObject({ position: 2, attempt: 1 });
    expect(await store.deleteRetryAndClaimNext(front?.id ?? 0, first.incarnation)).toBeNull();
    expect(await store.selectRetryingKeys(id)).toEqual([{ ...place(0), key: 'key', parked: 1 }]);
  });

  test('a first attempt that is recorded before it is made is recorded once', async () => {
    await take(first);
    const record = () =>
      store.insertRunningRetry(target(0), { claimedBy: first.incarnation, fence: fence(1) });

    const row = await record();

    expect(row).toMatchObject({ position: 1, attempt: 1 });
    expect(await record()).toEqual(row);
    expect(
      await store.insertRunningRetry(target(1), { claimedBy: first.incarnation, fence: fence(2) }),
    ).toBe('fenced');
  });

  test('whoever takes a partition over gets what was begun of it', async () => {
    await take(first);
    await fail(0);
    await store.claimDueRetries(id, first.incarnation, due());
    await kind.expire('first');
    const taken = await take(second);

    const orphans = await store.claimOrphanedRetries(id, second, { taken, limit: 10 });

    expect(orphans.map((row) => [row.position, row.attempt])).toEqual([[1, 2]]);
    expect(await store.selectRetriedOffsets(id)).toEqual([{ ...place(0), offset: 0 }]);
  });

  test('ranges of a queue are claimed once, rescued from the dead, and complete by epoch', async () => {
    await store.insertQueueCursors(id, [{ ...place(0), offset: 0, position: 0 }]);
    const wish = { ...place(0), head: 8, limit: 5, known: 0, position: 0 };
    const [mine] = await store.insertClaims(id, first, [wish]);
    const [other] = await store.insertClaims(id, second, [wish]);
    expect([mine?.from, mine?.to, other?.from, other?.to]).toEqual([0, 5, 5, 8]);

    await kind.expire('first');
    const [rescued] = await store.rescueClaims(id, second, { held: [other?.id ?? 0], limit: 5 });

    expect(rescued).toMatchObject({ id: mine?.id, epoch: 2, suspect: true });
    const progress = { id: mine?.id ?? 0, from: 2, done: [{ from: 3, to: 4 }], complete: false };
    expect(await store.updateClaims(first, [{ ...progress, epoch: 1 }])).toEqual([]);
    expect(await store.updateClaims(second, [{ ...progress, epoch: 2 }])).toEqual([mine?.id]);
    const marks = await store.selectQueueMarks(id, [other?.id ?? 0]);
    expect(marks).toEqual([{ ...place(0), next: 8, othersFrom: 2 }]);
  });

  test('a transaction that fails leaves nothing', async () => {
    const work = store.transaction(async (tx) => {
      await tx.insertProcessed(id, 1);
      throw new Error('no');
    });

    await expect(work).rejects.toThrow('no');
    expect(await store.insertProcessed(id, 1)).toBe(true);
    expect(await store.insertProcessed(id, 1)).toBe(false);
  });
});
