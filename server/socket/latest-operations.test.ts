import { expect, it } from 'vitest';
import { testOperation as operation } from '#server/testing/test-operation.ts';
import { LatestOperations } from './latest-operations.ts';

it('drops what is told of an operation after a newer change of it', () => {
  const latest = new LatestOperations();
  const ended = operation({ state: 'done', updatedAt: '2026-01-01T00:00:02.000Z' });

  expect(latest.accept(operation({ done: 1 }))).toBe(true);
  expect(latest.accept(operation({ done: 2 }))).toBe(true);
  expect(latest.accept(ended)).toBe(true);
  expect(latest.accept(operation({ done: 3 }))).toBe(false);
  expect(latest.accept(operation({ id: 'two', done: 3 }))).toBe(true);
});
