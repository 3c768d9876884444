import { describe, expect, it } from 'vitest';
import { formatCompact, formatCount, formatPlural, formatRate, formatShare } from './number.ts';

describe('numbers on screen', () => {
  it('groups thousands and drops fractions of counts', () => {
    expect(formatCount(12_418)).toBe('12,418');
    expect(formatCount(0)).toBe('0');
  });

  it('writes rates with the digits that matter', () => {
    expect(formatRate(0.421)).toBe('0.42');
    expect(formatRate(12.44)).toBe('12.4');
    expect(formatRate(1_042.3)).toBe('1,042');
    expect(formatRate(0)).toBe('0');
  });

  it('writes shares as percent', () => {
    expect(formatShare(0.091)).toBe('9.1 %');
    expect(formatShare(1)).toBe('100 %');
  });

  it('says unknown with a dash', () => {
    expect([
      formatCount(null),
      formatRate(undefined),
      formatShare(Number.NaN),
      formatCompact(null),
    ]).toEqual(['–', '–', '–', '–']);
  });

  it('counts in words', () => {
    expect(formatPlural(1, 'letter')).toBe('1 letter');
    expect(formatPlural(1_200, 'entry', 'entries')).toBe('1,200 entries');
    expect(formatCompact(12_418)).toBe('12.4K');
  });
});
