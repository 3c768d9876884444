import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS } from '#contracts/live-feed.ts';
import { FrameBatcher, MAX_PENDING_BYTES, MAX_PENDING_EVENTS } from './frame-batcher.ts';

type Item = { readonly position: number; readonly sizeBytes: number };

const run = (from: number, count: number, sizeBytes = 300): Item[] =>
  Array.from({ length: count }, (_, index) => ({ position: from + index, sizeBytes }));

function newBatcher(budget = { bytes: 0 }) {
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  return new FrameBatcher<Item>({ budget, random, position: 0 });
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
    batcher.add(run(1, MAX_PENDING_EVENTS + 1), MAX_PENDING_EVENTS + 1);
    batcher.add(run(MAX_PENDING_EVENTS + 2, 999), MAX_PENDING_EVENTS + 1_000);

    const sampled = batcher.take();
    batcher.add(run(10_000, 3), 10_002);
    const whole = batcher.take();
    batcher.add(run(20_000, 600), 20_599);

    expect(sampled?.items).toHaveLength(MAX_FRAME_EVENTS);
    expect(sampled?.dropped).toBe(MAX_PENDING_EVENTS + 1_000 - MAX_FRAME_EVENTS);
    expect(sampled?.position).toBe(MAX_PENDING_EVENTS + 1_000);
    expect(whole).toMatchObject({ dropped: 0, position: 10_002 });
    expect(batcher.take()).toMatchObject({ dropped: 0, position: 20_499 });
  });

  it('shares its client’s budget and gives it back', () => {
    const budget = { bytes: MAX_PENDING_BYTES - 1_000 };
    const batcher = newBatcher(budget);
    batcher.add(run(1, 600, 100), 600);

    expect(batcher.take()).toMatchObject({ dropped: 100 });
    expect(budget.bytes).toBe(MAX_PENDING_BYTES - 1_000);
  });

  it('accounts for every event exactly once, in order, within the bounds of a frame', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('take' as const), fc.integer({ min: 0, max: 4_000 })), {
          maxLength: 40,
        }),
        (steps) => {
          const budget = { bytes: 0 };
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
