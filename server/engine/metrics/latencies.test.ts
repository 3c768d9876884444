import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latencies.ts';

describe('LatencyHistogram', () => {
  it('has no percentile without records', () => {
    expect(new LatencyHistogram().percentile(0.95)).toBeNull();
  });

  it('finds percentiles within a tenth', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1_000; ms += 1) histogram.record(ms);

    expect(histogram.percentile(0.5)).toBeGreaterThan(450);
    expect(histogram.percentile(0.5)).toBeLessThan(550);
    expect(histogram.percentile(0.95)).toBeGreaterThan(855);
    expect(histogram.percentile(0.95)).toBeLessThan(1_045);
  });

  it('counts zero, negative and endless durations without losing one', () => {
    const histogram = new LatencyHistogram();
    for (const ms of [0, -1, 1e12, Number.NaN]) histogram.record(ms);

    expect(histogram.total).toBe(4);
    expect(histogram.percentile(1)).toBeLessThan(1e7);
  });

  it('is the same whether recorded together or added', () => {
    const [one, two, both] = [
      new LatencyHistogram(),
      new LatencyHistogram(),
      new LatencyHistogram(),
    ];
    for (const ms of [1, 5, 40]) {
      one.record(ms);
      both.record(ms);
    }
    for (const ms of [2, 900]) {
      two.record(ms);
      both.record(ms);
    }

    one.add(two);

    expect(one.percentile(0.9)).toBe(both.percentile(0.9));
    expect(one.octaves()).toEqual(both.octaves());
    expect(one.octaves().at(-1)?.count).toBe(5);
  });
});
