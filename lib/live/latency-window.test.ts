import { expect, it } from 'vitest';
import { LatencyWindow } from './latency-window.ts';

it('answers with the 95th percentile of the latest measurements', () => {
  const window = new LatencyWindow();

  for (let ms = 1; ms <= 100; ms += 1) window.add(ms);

  expect(window.add(101)).toBe(98);
});

it('leaves out what clocks that differ would claim', () => {
  const window = new LatencyWindow();

  expect(window.add(-5)).toBeNull();
  expect(window.add(3_600_000)).toBeNull();
  expect(window.add(40)).toBe(40);
});
