import { expect, test } from 'vitest';
import { type Subscription, subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { consumerState, failingShare, severityOf } from './consumer-state.ts';

const AT = '2026-01-31T14:30:00.000Z';

function consumer(change: Partial<Subscription> = {}): Subscription {
  const { breaker, ...settings } = subscriptionSettingsSchema.parse({});
  return {
    ...settings,
    name: 'billing',
    state: 'running',
    breaker: { state: 'closed', since: AT, failures: 0 },
    breakerSettings: breaker,
    handlerVersion: null,
    scenario: null,
    topics: ['orders'],
    lag: 0,
    oldestUnhandledAgeMs: null,
    inFlight: 0,
    retrying: 0,
    parked: 0,
    deadLetters: 0,
    rates: { handledPerSecond: 9, failedPerSecond: 0, p50Ms: 1, p95Ms: 2, p99Ms: 3 },
    createdAt: AT,
    updatedAt: AT,
    ...change,
  };
}

const ratesOf = (handledPerSecond: number, failedPerSecond: number) => ({
  ...consumer().rates,
  handledPerSecond,
  failedPerSecond,
});
const open = { state: 'open', since: AT, failures: 50 } as const;

test('the worst that applies is its state', () => {
  expect(consumerState(consumer())).toBe('running');
  expect(consumerState(consumer({ rates: ratesOf(0, 0) }))).toBe('quiet');
  expect(consumerState(consumer({ lag: 3, oldestUnhandledAgeMs: 200 }))).toBe('running');
  expect(consumerState(consumer({ lag: 3, oldestUnhandledAgeMs: 9_000 }))).toBe('behind');
  expect(consumerState(consumer({ rates: ratesOf(9, 1) }))).toBe('failing');
  expect(consumerState(consumer({ breaker: open, rates: ratesOf(9, 1) }))).toBe('breaker-open');
  expect(consumerState(consumer({ state: 'paused', breaker: open }))).toBe('paused');
});

test('no attempts have no failing share', () => {
  expect(failingShare(consumer({ rates: ratesOf(0, 0) }))).toBeNull();
  expect(failingShare(consumer({ rates: ratesOf(3, 1) }))).toBe(0.25);
});

test('dead letters are worse within a state, never beyond it', () => {
  const healthy = consumer();
  const withLetters = consumer({ deadLetters: 4 });
  const behind = consumer({ lag: 3, oldestUnhandledAgeMs: 9_000 });
  expect(severityOf(withLetters)).toBeGreaterThan(severityOf(healthy));
  expect(severityOf(behind)).toBeGreaterThan(severityOf(withLetters));
});
