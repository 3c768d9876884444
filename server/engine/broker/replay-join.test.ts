import { expect, test } from 'vitest';
import { ReplayJoins } from './replay-join.ts';

const fails = () => Promise.reject(new Error('away'));
const work = () => Promise.resolve('done');

test('what waits for the look goes first and in order, and the look is made once', async () => {
  const joins = new ReplayJoins();
  const order: string[] = [];
  const look = Promise.withResolvers<void>();
  let looks = 0;
  const enter = (name: string) =>
    joins.enter(
      'operation',
      () => {
        looks += 1;
        return look.promise;
      },
      async () => {
        order.push(name);
        // Made while the others still wait.
        if (name === 'first') void enter('next');
        return name;
      },
    );

  const all = Promise.all([enter('first'), enter('second'), enter('third')]);
  expect(order).toEqual([]);
  look.resolve();

  expect(await all).toEqual(['first', 'second', 'third']);
  expect(await enter('last')).toBe('last');
  expect(order.filter((name) => name !== 'next')).toEqual(['first', 'second', 'third', 'last']);
  expect(looks).toBeLessThanOrEqual(2);
});

test('a look that fails fails all that waited, and the next asks again', async () => {
  const joins = new ReplayJoins();

  const both = [joins.enter('operation', fails, work), joins.enter('operation', fails, work)];

  for (const one of both) await expect(one).rejects.toThrow('away');
  expect(await joins.enter('operation', () => Promise.resolve(), work)).toBe('done');
});
