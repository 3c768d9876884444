import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latencies.ts';
import { RecentLatencies, SecondCounts } from './rates.ts';

const NOW = 1_700_000_000;

describe('SecondCounts', () => {
  it('sums the last seconds and forgets older ones', () => {
    const counts = new SecondCounts();
    for (let second = NOW - 300; second <= NOW; second += 1) counts.add(second, 2);

    expect(counts.sum(NOW, 10)).toBe(20);
    expect(counts.sum(NOW, 60)).toBe(120);
    expect(counts.at(NOW - 200)).toBe(0);
  });

  it('counts a quiet second as nothing, even when its slot holds an old count', () => {
    const counts = new SecondCounts();
    counts.add(NOW - 64, 7);

    expect(counts.sum(NOW, 60)).toBe(0);
    expect(counts.at(NOW)).toBe(0);
  });
});

describe('RecentLatencies', () => {
  it('collects only what lies in the window', () => {
    const recent = new RecentLatencies();
    recent.record(NOW - 55, 1_000);
    recent.record(NOW, 1);

    const short = new LatencyHistogram();
    recent.collect(NOW, 10, short);
    const long = new LatencyHistogram();
    recent.collect(NOW, 60, long);

    expect(short.total).toBe(1);
    expect(long.total).toBe(2);
  });
});
