import { expect, it } from 'vitest';
import { type Operation } from '#contracts/operation.ts';
import { testOperation } from '#server/testing/test-operation.ts';
import { MAX_WAITING_LENGTH, WaitingOperations } from './waiting-operations.ts';

const operation = (id: string, over: Partial<Operation> = {}) => testOperation({ id, ...over });

function takeAll(waiting: WaitingOperations): Operation[] {
  const taken: Operation[] = [];
  for (let next = waiting.take(); next !== null; next = waiting.take()) taken.push(next);
  return taken;
}

it('keeps the newest state of each', () => {
  const waiting = new WaitingOperations();
  waiting.put(operation('one'));
  waiting.put(operation('two'));
  waiting.put(operation('one', { done: 5 }));

  expect(takeAll(waiting).map(({ id, done }) => [id, done])).toEqual([
    ['two', 0],
    ['one', 5],
  ]);
});

it('lets the oldest go when they are too long together, and keeps one however long', () => {
  const waiting = new WaitingOperations();
  const params = { text: 'x'.repeat(MAX_WAITING_LENGTH / 3) };
  for (const id of ['one', 'two', 'three', 'four']) waiting.put(operation(id, { params }));
  const some = takeAll(waiting);
  waiting.put(operation('large', { params: { text: 'x'.repeat(2 * MAX_WAITING_LENGTH) } }));
  const large = takeAll(waiting);
  waiting.put(operation('small'));

  expect(some.map(({ id }) => id)).toEqual(['three', 'four']);
  expect(large.map(({ id }) => id)).toEqual(['large']);
  expect(takeAll(waiting)).toHaveLength(1);
});
