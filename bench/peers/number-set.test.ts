import { expect, test } from 'vitest';
import { missingFrom, NumberSet } from './number-set.ts';

test('counts what is new, what came again, and what never came', () => {
  const set = new NumberSet();

  for (const number of [0, 3, 3, -1, 200_000]) set.add(number);

  expect(set.distinct).toBe(3);
  expect(set.repeated).toBe(1);
  expect(missingFrom(set, [0, 1, 3, 200_000, 200_001])).toBe(2);
});
