import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { Pace } from './pace.ts';

function clockAt(start: number): Clock & { set(ms: number): void } {
  let now = start;
  return {
    ...systemClock,
    now: () => now,
    monotonicMs: () => now,
    sleep: () => Promise.resolve(),
    set: (ms) => {
      now = ms;
    },
  };
}

describe('Pace', () => {
  it('spaces items evenly at a rate', () => {
    const pace = new Pace({ type: 'rate', ratePerSecond: 10 }, clockAt(0));

    const waits = [1, 2, 3, 4].map(() => pace.take(0));

    expect(waits).toEqual([0, 100, 200, 300]);
  });

  it('catches up a late timer, and gives no burst after a pause', () => {
    const clock = clockAt(0);
    const pace = new Pace({ type: 'rate', ratePerSecond: 100 }, clock);
    pace.take(0);

    clock.set(60_000);
    const waits = Array.from({ length: 200 }, () => pace.take(0));

    expect(waits.filter((wait) => wait === 0)).toHaveLength(11);
    expect(waits.at(-1)).toBe(1_890);
  });

  it('keeps the distances of the past at a multiple of its speed', () => {
    const pace = new Pace({ type: 'speed', speed: 10 }, clockAt(0));

    const waits = [1_000, 2_000, 6_000].map((recordedAt) => pace.take(recordedAt));

    expect(waits).toEqual([0, 100, 500]);
  });
});
