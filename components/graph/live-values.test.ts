import { expect, test, vi } from 'vitest';
import { createLiveValues } from './live-values.ts';

test('only readers of what changed are told', () => {
  const values = createLiveValues<number>((a, b) => a === b);
  values.replace([
    ['a', 1],
    ['b', 1],
  ]);
  const onA = vi.fn();
  const onB = vi.fn();
  values.subscribe('a', onA);
  values.subscribe('b', onB);

  values.replace([
    ['a', 2],
    ['b', 1],
  ]);

  expect(onA).toHaveBeenCalledOnce();
  expect(onB).not.toHaveBeenCalled();
});

test('a value that is equal keeps its identity', () => {
  const first = { n: 1 };
  const values = createLiveValues<{ n: number }>((a, b) => a.n === b.n);
  values.replace([['a', first]]);

  values.replace([['a', { n: 1 }]]);

  expect(values.get('a')).toBe(first);
});

test('readers of what is gone are told, and a reader that left is not', () => {
  const values = createLiveValues<number>((a, b) => a === b);
  values.replace([['a', 1]]);
  const stays = vi.fn();
  const leaves = vi.fn();
  values.subscribe('a', stays);
  values.subscribe('a', leaves)();

  values.replace([]);

  expect(stays).toHaveBeenCalledOnce();
  expect(leaves).not.toHaveBeenCalled();
  expect(values.get('a')).toBeUndefined();
});
