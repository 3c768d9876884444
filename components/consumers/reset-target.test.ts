import { expect, test } from 'vitest';
import { FIRST_RESET, fieldTime, resetTarget } from './reset-target.ts';

const at = (part: object) => resetTarget({ ...FIRST_RESET, ...part }, true);

test('each kind names its target', () => {
  expect(at({ kind: 'earliest' })).toEqual({ to: 'earliest' });
  expect(at({ kind: 'latest' })).toEqual({ to: 'latest' });
  expect(at({ kind: 'position', position: '12' })).toEqual({ to: { position: 12 } });
  expect(at({ kind: 'shift', shift: '−5' })).toEqual({ to: { shiftBy: -5 } });
  expect(at({ kind: 'time', time: '2026-01-31T14:30:00' })).toEqual({
    to: { time: '2026-01-31T14:30:00.000Z' },
  });
});

test('what is missing or no number is a problem', () => {
  expect(at({ kind: 'time', time: '' })).toHaveProperty('problem');
  expect(at({ kind: 'position', position: '-1' })).toHaveProperty('problem');
  expect(at({ kind: 'position', position: '1.5' })).toHaveProperty('problem');
  expect(at({ kind: 'shift', shift: '0' })).toHaveProperty('problem');
  expect(at({ kind: 'shift', shift: ' ' })).toHaveProperty('problem');
});

test('the field shows the instant in its zone', () => {
  const instant = new Date('2026-01-31T14:30:05.250Z');
  expect(fieldTime(instant, true)).toBe('2026-01-31T14:30:05');
  expect(new Date(fieldTime(instant, false)).getTime()).toBe(Date.parse('2026-01-31T14:30:05Z'));
});
