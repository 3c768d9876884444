import { expect, test } from 'vitest';
import { shareOf } from './fault-injection.ts';

test('the share of a text is always the same, and evenly spread over similar texts', () => {
  const shares = Array.from({ length: 10_000 }, (_, i) => shareOf(`order-${i}\npayments`));
  expect(shareOf('order-1\npayments')).toBe(shares[1]);
  const below = shares.filter((share) => share < 0.2).length;
  expect(below).toBeGreaterThan(1_800);
  expect(below).toBeLessThan(2_200);
});
