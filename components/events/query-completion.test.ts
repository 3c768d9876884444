import { expect, test } from 'vitest';
import { completionsFor, wordAt } from './query-completion.ts';

const known = { topics: ['orders', 'payments'], types: ['order.placed', 'payment.failed'] };

test('finds the word the caret is in', () => {
  expect(wordAt('topic:orders ty', 15)).toEqual({ start: 13, word: 'ty' });
  expect(wordAt('ty', 2)).toEqual({ start: 0, word: 'ty' });
});

test('completes field names and then their values', () => {
  expect(completionsFor('ty', known).map((one) => one.text)).toEqual(['type:']);
  expect(completionsFor('type:pay', known).map((one) => one.text)).toEqual(['type:payment.failed']);
  expect(completionsFor('topic:orders', known)).toEqual([]);
  expect(completionsFor('corr:x', known)).toEqual([]);
});
