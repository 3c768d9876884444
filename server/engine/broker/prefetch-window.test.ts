import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PrefetchWindow } from './prefetch-window.ts';

test('grows while claims are done quickly, shrinks while they are slow, and keeps its bounds', () => {
  const window = new PrefetchWindow({ concurrency: 4, maxInFlight: 500 });
  expect(window.size).toBe(20);
  for (let i = 0; i < 10; i += 1) window.done(5);
  expect(window.size).toBe(500);
  window.done(500);
  expect(window.size).toBe(500);
  for (let i = 0; i < 10; i += 1) window.done(5_000);
  expect(window.size).toBe(20);
});

test('half of it is claimed, so that a claim lies ahead, and all of it by who is quick and has none left', () => {
  const window = new PrefetchWindow({ concurrency: 4, maxInFlight: 500 });
  expect(window.batch(0)).toBe(10);
  for (let i = 0; i < 10; i += 1) window.done(5);
  expect(window.batch(1)).toBe(250);
  expect(window.batch(0)).toBe(500);
  for (let i = 0; i < 10; i += 1) window.done(5_000);
  expect(window.batch(0)).toBe(10);
});

test('never leaves the bounds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.nat(3_000)),
      (concurrency, maxInFlight, spans) => {
        const window = new PrefetchWindow({ concurrency, maxInFlight });
        for (const ms of spans) {
          window.done(ms);
          expect(window.size).toBeGreaterThanOrEqual(20);
          expect(window.size).toBeLessThanOrEqual(Math.max(20, maxInFlight));
        }
      },
    ),
  );
});
