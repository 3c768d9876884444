import { expect, test } from 'vitest';
import { replayRequestSchema } from '#contracts/operation.ts';
import { FIRST_FORM, formProblems, replayRequest } from './replay-request.ts';

const range = { from: Date.UTC(2026, 0, 1) + 0.4, to: Date.UTC(2026, 0, 2) + 0.6 };
const form = { ...FIRST_FORM, target: 'billing' };

test('without a target there is no request', () => {
  expect(replayRequest(FIRST_FORM, range)).toBeNull();
  expect(formProblems(FIRST_FORM).target).toBeDefined();
});

test('a whole form is what the API takes', () => {
  const request = replayRequest({ ...form, types: 'order.*, payment.failed' }, range);

  const parsed = replayRequestSchema.parse(request);
  expect(parsed.target).toEqual({ subscription: 'billing' });
  expect(parsed.filter.type).toEqual(['order.*', 'payment.failed']);
  expect(parsed.ratePerSecond).toBe(100);
  expect(parsed.from).toBe('2026-01-01T00:00:00.001Z');
  expect(parsed.to).toBe('2026-01-02T00:00:00.000Z');
});

test('a rate that is none holds the request back', () => {
  expect(replayRequest({ ...form, ratePerSecond: 'fast' }, range)).toBeNull();
  expect(formProblems({ ...form, ratePerSecond: '0' }).pace).toBeDefined();
});

test('only the chosen pace is sent', () => {
  const asItHappened = replayRequest({ ...form, pace: 'speed', speed: '2' }, range);
  expect(asItHappened).toMatchObject({ speed: 2 });
  expect(asItHappened).not.toHaveProperty('ratePerSecond');
  const unlimited = replayRequest({ ...form, pace: 'unlimited' }, range);
  expect(unlimited).not.toHaveProperty('speed');
});
