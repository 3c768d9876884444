import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultSchema } from '#contracts/scenario.ts';
import { createTestBroker, type TestBroker, until } from '#server/testing/test-broker.ts';
import { type BrokerParts } from './broker.ts';
import { type ConsumerDefinition, defineConsumer } from './consumer-definition.ts';

const quickRetry = { maxRetries: 2, baseMs: 10, factor: 1, maxMs: 10, jitter: 0 };

let kit: TestBroker;
let broker: BrokerParts & { close(): Promise<void> };
beforeAll(async () => {
  kit = await createTestBroker();
  broker = await kit.open('settings');
});
afterAll(() => kit.drop());

const register = (
  name: string,
  over: Pick<ConsumerDefinition, 'handle'> & Partial<ConsumerDefinition>,
) =>
  broker.broker.register(
    defineConsumer({
      name,
      description: '',
      version: '1',
      filter: { topics: [name] },
      retry: quickRetry,
      ...over,
    }),
  );

const lettersOf = (subscription: string, count: number) =>
  until(
    async () => (await broker.deadLetters.list({ subscription, limit: 100 })).items,
    (letters) => letters.length === count,
  );

test('at most once gives a failed event up at its first attempt, and hands out the rest once', async () => {
  const seen: string[] = [];
  await register('at-most', {
    guarantee: 'at-most-once',
    handle: (event) => {
      seen.push(event.id);
      if (event.id === 'm1') throw new Error('no');
    },
  });

  await kit.publish('at-most', ['a', 'a', 'a', 'b'], 'm');

  const [letter] = await lettersOf('at-most', 1);
  await until(
    () => seen.length,
    (count) => count === 4,
  );
  expect(letter).toMatchObject({ event: { id: 'm1' }, attemptCount: 1 });
  expect(seen.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3']);
});

test('an injected fault leaves letters with a stack until it is taken away', async () => {
  const handled: string[] = [];
  await register('faulty', {
    handle: (event) => {
      handled.push(event.id);
    },
  });
  broker.broker.setFaults({
    faulty: faultSchema.parse({ failureRate: 1, errorClass: 'Declined' }),
  });

  await kit.publish('faulty', ['a', 'b'], 'f');
  const letters = await lettersOf('faulty', 2);
  const before = [...handled];
  broker.broker.setFaults({ faulty: faultSchema.parse({}) });
  await Promise.all(letters.map(({ id }) => broker.deadLetters.retry(id, undefined, 'tester')));
  await until(
    () => handled.length,
    (count) => count === 2,
  );

  expect(before).toEqual([]);
  const { attempts, errorClass, errorMessage } = await broker.deadLetters.get(letters[0]?.id ?? '');
  expect(errorClass).toBe('Declined');
  const stacks = attempts.map(({ error }) => error.stack ?? '');
  expect(stacks).toHaveLength(1 + quickRetry.maxRetries);
  for (const stack of stacks) {
    expect(stack).toContain(`Declined: ${errorMessage}`);
    expect(stack).toMatch(/\n +at .*handler-executor/);
  }
  expect(new Set(letters.map(({ fingerprint }) => fingerprint)).size).toBe(1);
});

test('a note stays until it is changed, and an ignored group takes its open letters along', async () => {
  await register('noted', {
    handle: () => {
      throw new TypeError('no');
    },
  });
  await kit.publish('noted', ['a'], 'n');
  const [letter] = await lettersOf('noted', 1);
  const { id = '', fingerprint = '' } = letter ?? {};
  const patch = (over: Parameters<typeof broker.deadLetters.patchGroup>[1]) =>
    broker.deadLetters.patchGroup(fingerprint, over, 'tester');

  const noted = await patch({ note: 'the card reader is down' });
  const ignored = await patch({ status: 'ignored' });
  const cleared = await patch({ note: null });

  expect(noted).toMatchObject({ status: 'open', note: 'the card reader is down' });
  expect(ignored).toMatchObject({ status: 'ignored', note: 'the card reader is down' });
  expect(cleared).toMatchObject({ status: 'ignored', note: null });
  expect((await broker.deadLetters.get(id)).status).toBe('ignored');
});

test('a group that is not there cannot be changed', async () => {
  await expect(
    broker.deadLetters.patchGroup('0123456789abcdef', { status: 'ignored' }, 'tester'),
  ).rejects.toMatchObject({ code: 'not-found' });
});
