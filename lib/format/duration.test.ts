import { describe, expect, it } from 'vitest';
import { formatDuration, formatEstimate } from './duration.ts';

describe('durations on screen', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '< 1 ms'],
    [842.4, '842 ms'],
    [4_210, '4.2 s'],
    [41_000, '41 s'],
    [200_000, '3 min 20 s'],
    [180_000, '3 min'],
    [3_599_900, '60 min'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
    [-5_000, '−5.0 s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('marks estimates and leaves the unknown alone', () => {
    expect(formatEstimate(180_000)).toBe('≈ 3 min');
    expect(formatEstimate(null)).toBe('–');
  });
});
