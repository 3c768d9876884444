import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dotsPerSecond, TRUE_RATE_MAX } from './dot-density.ts';
import { DotField, MAX_DOTS } from './dot-field.ts';

const FRAME_MS = 16;
const run = (field: DotField, seconds: number, edges: Parameters<DotField['advance']>[1]) => {
  for (let at = 0; at < seconds * 1_000; at += FRAME_MS) field.advance(FRAME_MS, edges);
};

test('a silent edge has no dots and a busier one never fewer', () => {
  const rate = fc.double({ min: 0, max: 50_000, noNaN: true });
  fc.assert(
    fc.property(rate, rate, rate, (a, b, max) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const top = Math.max(high, max);
      expect(dotsPerSecond(low, top)).toBeLessThanOrEqual(dotsPerSecond(high, top) + 1e-9);
      expect(dotsPerSecond(0, top)).toBe(0);
    }),
  );
});

test('as long as rates can be counted by eye, a dot is an event', () => {
  expect(dotsPerSecond(3, TRUE_RATE_MAX)).toBe(3);
});

test('a new edge is filled at once, as if it had been watched all along', () => {
  const field = new DotField();

  field.advance(FRAME_MS, [{ id: 'e', rate: 4, errorRate: 0, length: 210 }]);

  expect(field.dotsOf('e').length).toBeGreaterThan(5);
});

test('red dots come in proportion to errors', () => {
  const field = new DotField();

  run(field, 30, [{ id: 'e', rate: 5, errorRate: 0.25, length: 4_000 }]);

  const dots = field.dotsOf('e');
  const share = dots.filter((dot) => dot.failed).length / dots.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.3);
});

test('dots stay within the budget however large the graph', () => {
  const edges = Array.from({ length: 900 }, (_, i) => ({
    id: `e${i}`,
    rate: 5_000,
    errorRate: 0,
    length: 600,
  }));
  const field = new DotField();

  run(field, 8, edges);

  expect(field.alive).toBeLessThanOrEqual(MAX_DOTS * 1.1);
});

test('dots of an edge that is gone are forgotten', () => {
  const field = new DotField();
  field.advance(FRAME_MS, [{ id: 'e', rate: 5, errorRate: 0, length: 200 }]);

  field.advance(FRAME_MS, []);

  expect(field.dotsOf('e')).toEqual([]);
  expect(field.alive).toBe(0);
});
