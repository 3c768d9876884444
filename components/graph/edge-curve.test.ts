import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pointAlong, sampleCurve } from './edge-curve.ts';

const point = fc.record({
  x: fc.integer({ min: -2_000, max: 2_000 }),
  y: fc.integer({ min: -2_000, max: 2_000 }),
});

test('travelling along a curve starts and ends at its ends', () => {
  fc.assert(
    fc.property(point, point, (from, to) => {
      const curve = sampleCurve({ from, to });

      const start = pointAlong(curve, -5);
      const end = pointAlong(curve, curve.length + 5);

      expect(Math.hypot(start.x - from.x, start.y - from.y)).toBeLessThan(0.01);
      expect(Math.hypot(end.x - to.x, end.y - to.y)).toBeLessThan(0.01);
    }),
  );
});

test('equal steps along a curve are about equally long', () => {
  const curve = sampleCurve({ from: { x: 0, y: 0 }, to: { x: 300, y: 200 } });

  for (let at = 0; at + 10 <= curve.length; at += 10) {
    const a = pointAlong(curve, at);
    const b = pointAlong(curve, at + 10);
    expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(9);
  }
});
