import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideAfterFailure } from './delivery-decision.ts';
import { type Failure } from './failure.ts';
import { retryDelayMs } from './retry-policy.ts';

const retry = { maxRetries: 3, baseMs: 1_000, factor: 2, maxMs: 300_000, jitter: 0 };
const failure: Failure = { errorClass: 'E', message: 'm', stack: null, retryable: true };
const rules = { retry, atMostOnce: false, random: () => 0.5 };

describe('decideAfterFailure', () => {
  test('retries after 1, 2 and 4 seconds, and the fourth failure is the last', () => {
    const decisions = [1, 2, 3, 4].map((attempt) => decideAfterFailure(attempt, failure, rules));
    expect(decisions).toEqual([
      { type: 'retry', delayMs: 1_000 },
      { type: 'retry', delayMs: 2_000 },
      { type: 'retry', delayMs: 4_000 },
      { type: 'dead', reason: 'exhausted' },
    ]);
  });

  test('what no retry can cure is dead at once', () => {
    const fatal = { ...failure, retryable: false };
    expect(decideAfterFailure(1, fatal, rules)).toEqual({ type: 'dead', reason: 'not-retryable' });
  });

  test('at most once never tries again by itself', () => {
    const decision = decideAfterFailure(1, failure, { ...rules, atMostOnce: true });
    expect(decision).toEqual({ type: 'dead', reason: 'at-most-once' });
  });

  test('a receiver may choose the delay', () => {
    expect(decideAfterFailure(1, failure, { ...rules, delayMs: 7 })).toEqual({
      type: 'retry',
      delayMs: 7,
    });
  });
});

describe('retryDelayMs', () => {
  test('stays within the jitter around the planned delay, and below the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, jitter, drawn) => {
          const planned = Math.min(300_000, 1_000 * 2 ** (attempt - 1));
          const delay = retryDelayMs({ ...retry, jitter }, attempt, () => drawn);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(planned * (1 - jitter)));
          expect(delay).toBeLessThanOrEqual(Math.ceil(planned * (1 + jitter)));
        },
      ),
    );
  });
});
