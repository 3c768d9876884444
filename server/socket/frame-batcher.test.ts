import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS } from '#contracts/live-feed.ts';
import { FrameBatcher } from './frame-batcher.ts';
import { MAX_PENDING_BYTES, PendingBudget } from './pending-budget.ts';

type Item = { readonly position: number; readonly sizeBytes: number };

const run = (from: number, count: number, sizeBytes = 300): Item[] =>
  Array.from({ length: count }, (_, index) => ({ position: from + index, sizeBytes }));

function newBatcher(budget = new PendingBudget(), from = 1) {
  let seed = from;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  return new FrameBatcher<Item>({ budget, random, position: 0 });
}

function thirdOf(position: number): 'early' | 'large' | 'late' {
  if (position <= 2_000) return 'early';
  return position <= 4_000 ? 'large' : 'late';
}

describe('FrameBatcher', () => {
  it('sends a burst whole, over as many frames as it takes', () => {
    const batcher = newBatcher();
    batcher.add(run(1, 1_200), 1_300);

    const frames = [batcher.take(), batcher.take(), batcher.take()];

    expect(frames.map((frame) => frame?.items.length)).toEqual([500, 500, 200]);
    expect(frames.map((frame) => frame?.position)).toEqual([500, 1_000, 1_300]);
    expect(frames.every((frame) => frame?.dropped === 0)).toBe(true);
    expect(batcher.take()).toBeNull();
  });

  it('keeps a frame under its bytes, but never sends none', () => {
    const batcher = newBatcher();
    batcher.add(run(1, 4, 100_000), 4);
    batcher.add([{ position: 5, sizeBytes: MAX_FRAME_BYTES * 2 }], 5);

    expect(batcher.take()?.items).toHaveLength(2);
    expect(batcher.take()?.items).toHaveLength(2);
    expect(batcher.take()?.items).toHaveLength(1);
  });

  it('samples when too much waits, counts what it left out, and is whole again after', () => {
    const batcher = newBatcher();
    batcher.add(run(1, 3_000), 3_000);
    batcher.add(run(3_001, 2_000), 5_000);

    const sampled = batcher.take();
    batcher.add(run(10_000, 3), 10_002);
    const whole = batcher.take();
    batcher.add(run(20_000, 600), 20_599);

    const kept = sampled?.items.length ?? 0;
    expect(kept).toBeGreaterThan(MAX_FRAME_EVENTS / 4);
    expect(kept).toBeLessThanOrEqual(MAX_FRAME_EVENTS);
    expect(sampled?.dropped).toBe(5_000 - kept);
    expect(sampled?.position).toBe(5_000);
    expect(whole).toMatchObject({ dropped: 0, position: 10_002 });
    expect(batcher.take()).toMatchObject({ dropped: 0, position: 20_499 });
  });

  it('keeps each of the events with the same probability, the early, the late and the large ones', () => {
    const thirds = { early: 0, large: 0, late: 0 };
    for (let round = 1; round <= 300; round += 1) {
      const batcher = newBatcher(new PendingBudget(), round * 7_919);
      // Of the middle third each event is forty times as large.
      for (let at = 1; at <= 6_000; at += 100)
        batcher.add(run(at, 100, thirdOf(at) === 'large' ? 4_000 : 100), at + 99);
      for (const { position } of batcher.take()?.items ?? []) thirds[thirdOf(position)] += 1;
    }

    const counts = Object.values(thirds);
    const all = counts.reduce((sum, count) => sum + count, 0);
    for (const count of counts) expect(Math.abs(count / all - 1 / 3)).toBeLessThan(0.03);
  });

  it('holds no more than one frame while it samples, however large its events are', () => {
    const batcher = newBatcher();
    for (let at = 1; at <= 5_000; at += 50) batcher.add(run(at, 50, 16_000), at + 49);

    expect(batcher.bytes).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    expect(batcher.take()?.items.length).toBeGreaterThan(4);
  });

  it('shares its client’s budget, thins the one that holds most, and gives it back', () => {
    const budget = new PendingBudget();
    const quiet = newBatcher(budget);
    const busy = newBatcher(budget);
    quiet.add(run(1, 2, 1_000), 2);
    busy.add(run(1, 1_500, 600), 1_500);
    quiet.add(run(3, 200, 1_000), 202);

    expect(busy.take()?.dropped).toBeGreaterThan(0);
    expect(quiet.take()).toMatchObject({ dropped: 0 });
    quiet.close();
    busy.close();
    expect(budget.bytes).toBe(0);
  });

  it('keeps what twenty subscriptions hold within the bound of one client', () => {
    const budget = new PendingBudget();
    const batchers = Array.from({ length: 20 }, (_, index) => newBatcher(budget, index + 1));
    for (let at = 1; at <= 2_000; at += 100)
      for (const batcher of batchers) {
        batcher.add(run(at, 100, 16_000), at + 99);
        expect(budget.bytes).toBeLessThanOrEqual(MAX_PENDING_BYTES);
      }

    for (const batcher of batchers) {
      const frame = batcher.take();
      expect((frame?.items.length ?? 0) + (frame?.dropped ?? 0)).toBe(2_000);
      expect(frame?.items.length).toBeGreaterThan(0);
    }
  });

  it('does not sample what has to be whole', () => {
    const budget = new PendingBudget();
    const past = newBatcher(budget);
    const live = newBatcher(budget);
    past.add(run(1, 800, 600), 800, true);
    live.add(run(1, 2_000, 600), 2_000);

    expect(past.take()).toMatchObject({ dropped: 0 });
    expect(live.take()?.dropped).toBeGreaterThan(0);
  });

  it('accounts for every event exactly once, in order, within the bounds of a frame', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('take' as const), fc.integer({ min: 0, max: 4_000 })), {
          maxLength: 40,
        }),
        (steps) => {
          const budget = new PendingBudget();
          const batcher = newBatcher(budget);
          let offered = 0;
          let accounted = 0;
          let lastPosition = 0;
          const takeOne = () => {
            const frame = batcher.take();
            if (frame === null) return false;
            expect(frame.items.length).toBeLessThanOrEqual(MAX_FRAME_EVENTS);
            for (const item of frame.items) {
              expect(item.position).toBeGreaterThan(lastPosition);
              lastPosition = item.position;
            }
            expect(frame.position).toBeGreaterThanOrEqual(lastPosition);
            lastPosition = frame.position;
            accounted += frame.items.length + frame.dropped;
            return true;
          };
          for (const step of steps) {
            if (step === 'take') {
              takeOne();
            } else {
              batcher.add(run(offered + 1, step), offered + step);
              offered += step;
            }
          }
          while (takeOne());
          expect(accounted).toBe(offered);
          expect(budget.bytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
