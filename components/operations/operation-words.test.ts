import { expect, test } from 'vitest';
import { type Operation } from '#contracts/operation.ts';
import { refusal, shareOf } from './operation-words.ts';

const operation = (over: Partial<Operation>): Operation => ({
  id: 'o1',
  kind: 'replay',
  state: 'running',
  title: 'Replay',
  detail: null,
  target: 'billing',
  actor: 'operator',
  reason: null,
  params: {},
  total: 10,
  done: 3,
  failed: 2,
  ratePerSecond: null,
  measuredPerSecond: 0,
  etaMs: null,
  position: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...over,
});

test('counts failures as settled', () => {
  expect(shareOf(operation({}))).toBe(0.5);
  expect(shareOf(operation({ total: 0 }))).toBeNull();
  expect(shareOf(operation({ total: 0, state: 'done' }))).toBe(1);
});

test('says why a command is not possible', () => {
  expect(refusal(operation({}), 'pause')).toBeNull();
  expect(refusal(operation({}), 'resume')).toBe('it is not paused');
  expect(refusal(operation({ state: 'done' }), 'cancel')).toBe('it is done');
});
