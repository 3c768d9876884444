import { expect, it } from 'vitest';
import { formatBytes, jsonBytes } from './bytes.ts';

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_536, '1.5 KB'],
  [262_144, '256 KB'],
  [1_048_576, '1 MB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('measures JSON in UTF-8', () => {
  expect(jsonBytes({ a: 'é' })).toBe(10);
  expect(jsonBytes(undefined)).toBe(0);
});
