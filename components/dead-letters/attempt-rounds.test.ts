import { describe, expect, it } from 'vitest';
import { type Attempt } from '#contracts/dead-letter.ts';
import { attemptRounds, hasReturned } from './attempt-rounds.ts';

const attempt = (number: number, second: number): Attempt => ({
  attempt: number,
  at: new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString(),
  error: { class: 'IssuerUnavailable', message: 'answered 503', stack: null },
  durationMs: 1,
  handlerVersion: null,
  operationId: null,
});

describe('rounds of attempts', () => {
  it('names attempts and tells the pause before each', () => {
    const [round] = attemptRounds([attempt(1, 0), attempt(2, 1), attempt(3, 3)]);

    expect(round?.steps.map((step) => [step.label, step.afterMs])).toEqual([
      ['Attempt 1', null],
      ['Retry 1', 1_000],
      ['Retry 2', 2_000],
    ]);
  });

  it('begins anew where counting does, whatever the order they come in', () => {
    const rounds = attemptRounds([attempt(2, 11), attempt(1, 10), attempt(2, 1), attempt(1, 0)]);

    expect(rounds.map((round) => round.title)).toEqual(['First delivery', 'Redrive 1']);
    expect(rounds.map((round) => round.steps.length)).toEqual([2, 2]);
  });

  it('has none without attempts', () => {
    expect(attemptRounds([])).toEqual([]);
  });

  it('says that a letter came back only when it waits again', () => {
    const attempts = [attempt(1, 0), attempt(1, 10)];

    expect(hasReturned({ status: 'open', attempts })).toBe(true);
    expect(hasReturned({ status: 'retrying', attempts })).toBe(false);
    expect(hasReturned({ status: 'open', attempts: attempts.slice(0, 1) })).toBe(false);
  });
});
