import { expect, test } from 'vitest';
import { createMemoryBrokerStore } from '#server/testing/simulation/memory-broker-store.ts';
import { MemoryLog } from '#server/testing/simulation/memory-log.ts';
import { silentLogger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { RetryClaims } from './retry-claims.ts';

test('who asks for a look for forgotten retries while another looks waits for what that one finds', async () => {
  const log = new MemoryLog([], Date.now);
  const { store } = createMemoryBrokerStore({ log, now: Date.now });
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: BrokerStore = {
    ...store,
    selectForgottenRetries: async (...of) => {
      asked.resolve();
      await answer.promise;
      return store.selectForgottenRetries(...of);
    },
  };
  const claims = new RetryClaims({
    store: slow,
    log: { readPositions: async () => [] },
    logger: silentLogger,
    subscriptionId: 1,
    incarnation: 'process',
    onFound: () => undefined,
  });
  const order: string[] = [];

  const first = claims.recover().then(() => order.push('first'));
  await asked.promise;
  const second = claims.recover().then(() => order.push('second'));
  await new Promise(setImmediate);
  order.push('answered');
  answer.resolve();
  await Promise.all([first, second]);

  expect(order[0]).toBe('answered');
  expect(order).toHaveLength(3);
});
