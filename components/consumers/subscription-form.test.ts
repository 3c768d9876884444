import { expect, test } from 'vitest';
import { subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { curlLines, draftOf, FIRST_FORM, formProblems } from './subscription-form.ts';

const form = { ...FIRST_FORM, name: 'invoice-service' };

test('the first form with a name is fine and makes valid settings', () => {
  expect(formProblems(form, [])).toEqual({});
  const settings = subscriptionSettingsSchema.parse(draftOf(form));
  expect(settings.filter).toEqual({});
  expect(settings.delivery).toEqual({ kind: 'pull', visibilityMs: 30_000 });
  expect(settings.retry).toMatchObject({ maxRetries: 3, baseMs: 1_000, factor: 2 });
});

test('names that are taken or not allowed are refused', () => {
  expect(formProblems({ ...form, name: '' }, [])).toHaveProperty('name');
  expect(formProblems({ ...form, name: 'a b' }, [])).toHaveProperty('name');
  expect(formProblems(form, [{ name: 'invoice-service' }])).toHaveProperty('name');
});

test('numbers out of range are refused', () => {
  expect(formProblems({ ...form, maxRetries: '101' }, [])).toHaveProperty('maxRetries');
  expect(formProblems({ ...form, baseMs: '1.5' }, [])).toHaveProperty('baseMs');
  expect(formProblems({ ...form, factor: '1.5' }, [])).toEqual({});
  expect(formProblems({ ...form, visibilityMs: '' }, [])).toHaveProperty('visibilityMs');
});

test('the three commands name the subscription', () => {
  const lines = curlLines('http://localhost:3000', 'invoice-service');
  expect(lines.map((line) => line.label)).toEqual(['Receive', 'Acknowledge', 'Reject']);
  expect(lines[0].command).toContain('/api/v1/subscriptions/invoice-service/receive');
});
