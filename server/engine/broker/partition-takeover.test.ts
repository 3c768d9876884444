import { expect, test } from 'vitest';
import { subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { createMemoryBrokerStore } from '#server/testing/simulation/memory-broker-store.ts';
import { MemoryLog } from '#server/testing/simulation/memory-log.ts';
import { takeOver } from './partition-takeover.ts';

test('a partition is not taken while a claim of its retries is on its way, whatever the database says', async () => {
  const log = new MemoryLog([], Date.now);
  const { store } = createMemoryBrokerStore({ log, now: Date.now });
  const owner = { nodeId: 'node', incarnation: 'process' };
  const settings = subscriptionSettingsSchema.parse({});
  const given = { name: 'c', settings, scenario: null, handlerVersion: null, breaker: {} };
  const id = (await store.insertSubscription(given))?.id ?? 0;
  const mine = [0, 1].map((partition) => ({ topicId: 1, partition }));
  await store.insertPartitions(
    id,
    mine.map((one) => ({ ...one, offset: 0, position: 0 })),
  );
  await store.upsertNode(owner);
  const owned: number[] = [];
  let claimed = [0];
  const isMoving = ({ partition }: { partition: number }) => claimed.includes(partition);
  const take = () =>
    takeOver(
      store,
      owner,
      {
        id,
        maxInFlight: 5,
        mine,
        isInDoubt: false,
        inHand: { giveBack: () => undefined, isMoving, holds: isMoving },
      },
      {
        partitions: new Map(),
        own: (rows) => {
          owned.push(...rows.map((row) => row.partition));
        },
      },
    );

  await take();
  expect(owned).toEqual([1]);

  claimed = [];
  await take();
  expect(owned).toContain(0);
});
