import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '#server/engine/clock.ts';
import { EngineError } from '#server/engine/errors.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { ProducerLoop } from './producer-loop.ts';

/** Lets everything that can go on without time go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

/** A clock whose sleepers wake when time is moved; `late` is how much too late each of them wakes. */
function manualClock(late = 0): Clock & { move(toMs: number): Promise<void> } {
  let now = 0;
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    ...systemClock,
    now: () => now,
    monotonicMs: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        sleepers.push({ at: now + ms + late, wake: resolve });
        signal?.addEventListener('abort', () => resolve());
      }),
    move: async (toMs) => {
      await settle();
      for (;;) {
        const [next] = sleepers.toSorted((a, b) => a.at - b.at);
        if (next === undefined || next.at > toMs) break;
        now = Math.max(now, next.at);
        sleepers = sleepers.filter((sleeper) => sleeper !== next);
        next.wake();
        await settle();
      }
      now = toMs;
    },
  };
}

describe('ProducerLoop', () => {
  it('keeps its rate without drift although every timer is late', async () => {
    const clock = manualClock(7);
    let turns = 0;
    const produce = () => {
      turns += 1;
      return Promise.resolve();
    };
    const loop = new ProducerLoop({ clock, logger: silentLogger, produce }, 10);

    loop.start();
    await clock.move(60_000);
    await loop.stop();

    expect(turns).toBeGreaterThanOrEqual(599);
    expect(turns).toBeLessThanOrEqual(601);
  });

  it('takes a new rate at once', async () => {
    const clock = manualClock();
    const at: number[] = [];
    const produce = () => {
      at.push(clock.monotonicMs());
      return Promise.resolve();
    };
    const loop = new ProducerLoop({ clock, logger: silentLogger, produce }, 0.1);

    loop.start();
    await clock.move(1_000);
    loop.setRate(2);
    await clock.move(3_100);
    await loop.stop();

    expect(at).toEqual([0, 1_000, 1_500, 2_000, 2_500, 3_000]);
  });

  it('waits longer each time the log refuses, and goes on when it takes events again', async () => {
    const clock = manualClock();
    const at = new Set<number>();
    const produce = () => {
      at.add(clock.monotonicMs());
      return clock.monotonicMs() < 1_500
        ? Promise.reject(new EngineError('topic-full', 'full'))
        : Promise.resolve();
    };
    const loop = new ProducerLoop({ clock, logger: silentLogger, produce }, 10);

    loop.start();
    await clock.move(1_950);
    await loop.stop();

    expect([...at]).toEqual([0, 250, 750, 1_750, 1_800, 1_900]);
  });
});
