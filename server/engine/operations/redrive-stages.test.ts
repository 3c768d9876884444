import { describe, expect, it } from 'vitest';
import { failureLimit, mustStop, stageEnd, stageSizes } from './redrive-stages.ts';

describe('the stages of a redrive', () => {
  it.each([
    { total: 214, canary: true, sizes: [1, 10, 203] },
    { total: 5, canary: true, sizes: [1, 4] },
    { total: 214, canary: 20, sizes: [20, 194] },
    { total: 3, canary: 20, sizes: [3] },
    { total: 214, canary: false, sizes: [214] },
  ])('divides $total letters with canary $canary', ({ total, canary, sizes }) => {
    expect(stageSizes(total, canary)).toEqual(sizes);
  });

  it('goes on in the stage that was interrupted', () => {
    const sizes = stageSizes(50, true);

    expect([0, 1, 5, 11, 50].map((settled) => stageEnd(settled, sizes))).toEqual([
      1, 11, 11, 50, 50,
    ]);
  });

  it('lets a canary without a limit stop at any failure', () => {
    expect(failureLimit({ canary: true })).toBe(0);
    expect(failureLimit({ canary: 5, stopAtFailureRate: 0.2 })).toBe(0.2);
    expect(failureLimit({})).toBeNull();
  });

  it('judges a rate from enough outcomes or from a whole stage', () => {
    expect(mustStop({ done: 1, failed: 1, limit: 0.2, stageSettled: false })).toBe(false);
    expect(mustStop({ done: 1, failed: 1, limit: 0.2, stageSettled: true })).toBe(true);
    expect(mustStop({ done: 8, failed: 2, limit: 0.2, stageSettled: false })).toBe(false);
    expect(mustStop({ done: 7, failed: 3, limit: 0.2, stageSettled: false })).toBe(true);
    expect(mustStop({ done: 0, failed: 9, limit: null, stageSettled: true })).toBe(false);
  });
});
