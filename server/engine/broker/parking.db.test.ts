import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  quickRetry,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { defineConsumer } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

test('a failing key is parked in order while other keys go on', async () => {
  const broker = await kit.open('parking');
  let repaired = false;
  const handled: string[] = [];
  await broker.broker.register(
    defineConsumer({
      name: 'parker',
      description: '',
      version: '1',
      filter: { topics: ['parking'] },
      retry: { ...quickRetry, maxRetries: 100, factor: 1 },
      breaker: { failures: 10_000 },
      handle: (event) => {
        if (!repaired && event.subject === 'bad') throw new Error('still broken');
        handled.push(`${event.subject}:${indexOf(event)}`);
      },
    }),
  );

  await kit.publish(
    'parking',
    Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'bad' : `good${i % 3}`)),
    'p',
  );
  await until(
    () => handled.length,
    (count) => count === 100,
  );
  const parked = await until(
    () => broker.broker.get('parker'),
    (one) => one.parked === 99,
  );
  expect(parked.retrying).toBe(1);
  repaired = true;
  await until(
    () => handled.length,
    (count) => count === 200,
  );

  const bad = handled
    .filter((one) => one.startsWith('bad'))
    .map((one) => Number(one.split(':')[1]));
  expect(bad).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
  await until(
    () => kit.rows('SELECT 1 FROM retries'),
    (left) => left.length === 0,
  );
  await broker.close();
});

test('a parked key survives a restart and keeps its order', async () => {
  const first = await kit.open('parking-restart');
  const handled: number[] = [];
  let repaired = false;
  const definition = defineConsumer({
    name: 'restarted-parker',
    description: '',
    version: '1',
    filter: { topics: ['parking-restart'] },
    retry: { ...quickRetry, maxRetries: 100, factor: 1 },
    handle: (event) => {
      if (!repaired) throw new Error('still broken');
      handled.push(indexOf(event));
    },
  });
  await first.broker.register(definition);
  await kit.publish(
    'parking-restart',
    Array.from({ length: 20 }, () => 'k'),
    'r',
  );
  await until(
    () => first.broker.get('restarted-parker'),
    (one) => one.parked === 19,
  );
  await first.close();

  repaired = true;
  const second = await kit.open('parking-restart');
  await second.broker.register(definition);
  await kit.publish(
    'parking-restart',
    Array.from({ length: 20 }, () => 'k'),
    'late',
  );
  await until(
    () => handled.length,
    (count) => count === 40,
  );

  const once = Array.from({ length: 20 }, (_, i) => i);
  expect(handled).toEqual([...once, ...once]);
  await second.close();
});

test('block: the partition waits behind the failing event', async () => {
  const broker = await kit.open('blocking');
  await kit.topics.put(
    'blocking',
    {
      partitions: 1,
      retention: { maxAgeMs: null, maxBytes: null },
      durability: 'durable',
      onInvalid: 'reject',
      maxBuffered: 1_000,
    },
    'test',
  );
  const handled: number[] = [];
  let failures = 0;
  await broker.broker.register(
    defineConsumer({
      name: 'blocker',
      description: '',
      version: '1',
      filter: { topics: ['blocking'] },
      onFailure: 'block',
      retry: quickRetry,
      handle: (event) => {
        if (indexOf(event) === 3 && failures < 2) {
          failures += 1;
          throw new Error('not yet');
        }
        handled.push(indexOf(event));
      },
    }),
  );
  await kit.publish('blocking', ['a', 'b', 'c', 'd', 'e', 'f', null, 'h'], 'b');
  await until(
    () => handled.length,
    (count) => count === 8,
  );
  expect(handled).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await broker.close();
});
