import { type Operation } from '#contracts/operation.ts';

/** A replay that runs. */
export const testOperation = (over: Partial<Operation> = {}): Operation => ({
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
