import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  quickRetry,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { defineConsumer, NonRetryableError } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('resolving a group of letters resolves none of them: only their handler does', async () => {
  const broker = await kit.open('grouping');
  await broker.broker.register(
    defineConsumer({
      name: 'refusing',
      description: '',
      version: '1',
      filter: { topics: ['grouping'] },
      handle: () => {
        throw new NonRetryableError('no');
      },
    }),
  );
  await kit.publish('grouping', ['a'], 'g');
  const [letter] = await until(
    async () => (await broker.deadLetters.list({ subscription: 'refusing', limit: 5 })).items,
    (letters) => letters.length === 1,
  );
  const { id = '', fingerprint = '' } = letter ?? {};

  const acknowledged = await broker.deadLetters.patchGroup(
    fingerprint,
    { status: 'acknowledged', note: 'known' },
    'test',
  );
  const resolved = await broker.deadLetters.patchGroup(fingerprint, { status: 'resolved' }, 'test');

  expect(acknowledged).toMatchObject({ status: 'acknowledged', note: 'known' });
  expect(resolved.status).toBe('resolved');
  expect((await broker.deadLetters.get(id)).status).toBe('acknowledged');
  await broker.close();
});

test('a letter is retried with an edited payload and is resolved', async () => {
  const broker = await kit.open('editing');
  await broker.broker.register(
    defineConsumer({
      name: 'editable',
      description: '',
      version: '1',
      filter: { topics: ['editing'] },
      retry: { ...quickRetry, maxRetries: 0 },
      handle: (event) => {
        if (indexOf(event) !== 99) throw new Error(`bad index ${indexOf(event)}`);
      },
    }),
  );
  await kit.publish('editing', ['a'], 'ed');
  const page = await until(
    () => broker.deadLetters.list({ subscription: 'editable', limit: 10 }),
    (one) => one.items.length === 1,
  );
  const id = page.items[0]?.id ?? '';

  await broker.deadLetters.retry(id, undefined, 'test');
  const again = await until(
    () => broker.deadLetters.get(id),
    (letter) => letter.status === 'open',
  );
  expect(again.attempts).toHaveLength(2);
  await broker.deadLetters.retry(id, { index: 99 }, 'test');
  const letter = await until(
    () => broker.deadLetters.get(id),
    (one) => one.status === 'resolved',
  );
  expect(letter.editedData).toEqual({ index: 99 });
  expect(indexOf(letter.event)).toBe(0);
  await expect(broker.deadLetters.discard(id, 'late', 'test')).rejects.toMatchObject({
    code: 'wrong-state',
  });
  const deliveries = await broker.broker.deliveriesOf('ed0');
  expect(deliveries).toMatchObject([
    { subscription: 'editable', state: 'resolved', deadLetterId: id },
  ]);
  await broker.close();
});
