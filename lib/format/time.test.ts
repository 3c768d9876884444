import { describe, expect, it } from 'vitest';
import { formatAge, formatIso, formatTick, formatTime } from './time.ts';

const now = new Date('2026-03-01T12:00:00.000Z');

describe('instants on screen', () => {
  it('leaves the date out today', () => {
    expect(formatTime(new Date('2026-03-01T09:05:07.042Z'), 'utc', now)).toBe('09:05:07.042');
  });

  it('writes the date on other days', () => {
    expect(formatTime(new Date('2025-12-31T23:59:59.999Z'), 'utc', now)).toBe(
      '2025-12-31 23:59:59.999',
    );
  });

  it('tells ages in both directions', () => {
    expect(formatAge(new Date('2026-03-01T11:59:56.500Z'), now)).toBe('3.0 s ago');
    expect(formatAge(new Date('2026-03-01T12:03:00.000Z'), now)).toBe('in 3 min');
    expect(formatTime(new Date('2026-03-01T11:59:59.800Z'), 'relative', now)).toBe('just now');
  });

  it('shows on axes only what differs', () => {
    const at = new Date('2026-03-01T09:05:07.042Z');

    expect(formatTick(at, 86_400_000, true)).toBe('2026-03-01');
    expect(formatTick(at, 60_000, true)).toBe('09:05');
    expect(formatTick(at, 5_000, true)).toBe('09:05:07');
    expect(formatTick(at, 100, true)).toBe('09:05:07.042');
  });

  it('does not throw on nonsense', () => {
    expect(formatTime(new Date('nonsense'), 'local', now)).toBe('invalid time');
    expect(formatIso(new Date('nonsense'))).toBe('invalid time');
  });
});
