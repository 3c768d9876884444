import { expect, it } from 'vitest';
import { type Operation } from '#contracts/operation.ts';
import { LatestOperations } from './latest-operations.ts';

const operation = (over: Partial<Operation>): Operation => ({
  id: 'one',
  kind: 'replay',
  state: 'running',
  title: 'Replay',
  detail: null,
  target: 'target',
  actor: 'tester',
  reason: null,
  params: {},
  total: 10,
  done: 0,
  failed: 0,
  ratePerSecond: null,
  measuredPerSecond: 0,
  etaMs: null,
  position: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  updatedAt: '2026-01-01T00:00:01.000Z',
  ...over,
});

it('drops what is told of an operation after a newer change of it', () => {
  const latest = new LatestOperations();
  const ended = operation({ state: 'done', updatedAt: '2026-01-01T00:00:02.000Z' });

  expect(latest.accept(operation({ done: 1 }))).toBe(true);
  expect(latest.accept(operation({ done: 2 }))).toBe(true);
  expect(latest.accept(ended)).toBe(true);
  expect(latest.accept(operation({ done: 3 }))).toBe(false);
  expect(latest.accept(operation({ id: 'two', done: 3 }))).toBe(true);
});
