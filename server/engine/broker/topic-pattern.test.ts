import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hearsTopic, matchesGlob } from './topic-pattern.ts';

describe('matchesGlob', () => {
  test('agrees with the regular expression it stands for', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    fc.assert(
      fc.property(glob, text, (pattern, value) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(matchesGlob(pattern, value)).toBe(new RegExp(`^${source}$`).test(value));
      }),
    );
  });
});

describe('hearsTopic', () => {
  test('topics of the system are heard only when named', () => {
    expect(hearsTopic(undefined, 'orders')).toBe(true);
    expect(hearsTopic([], '$system')).toBe(false);
    expect(hearsTopic(['*'], '$system')).toBe(false);
    expect(hearsTopic(['$*'], '$system')).toBe(true);
    expect(hearsTopic(['$*'], 'orders')).toBe(false);
    expect(hearsTopic(['order*'], 'orders')).toBe(true);
  });
});
