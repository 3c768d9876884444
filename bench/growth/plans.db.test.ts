import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { fill } from './fill.ts';
import { explainHotPaths, type LeafAccess } from './plans.ts';

const EVENTS = 10_000;
const FIRST_LEAF = 'events_000000000000001';

let grown: TestEngine;
let accesses: readonly LeafAccess[];
beforeAll(async () => {
  grown = await createTestEngine();
  await fill(grown.engine.publisher, { from: 0, to: EVENTS }, () => false);
  accesses = await explainHotPaths(grown.database.database, EVENTS);
});
afterAll(() => grown.drop());

const leavesOf = (statement: string, index: RegExp): string[] =>
  accesses
    .filter((one) => one.statement.startsWith(statement) && index.test(one.index ?? ''))
    .map((one) => one.relation);

test('looks for duplicates in no leaf ahead of the tail', () => {
  expect(leavesOf('append, heads known', /_id$/)).toEqual([FIRST_LEAF]);
});

test('looks for the heads of partitions in no leaf ahead of the tail', () => {
  expect(leavesOf('append, heads unknown', /_offset$/)).toEqual([FIRST_LEAF]);
});

test('reads a stream from the leaves up to its head alone', () => {
  expect(leavesOf('read a stream', /_stream$/)).toEqual([FIRST_LEAF]);
});

test('reads through indexes alone', () => {
  const statements = new Set(accesses.map((one) => one.statement.split(':')[0]));

  expect(statements).toEqual(
    new Set([
      'append, heads known',
      'append, heads unknown',
      'fetch',
      'read a stream',
      'read after',
    ]),
  );
  expect(accesses.filter((one) => one.node === 'Seq Scan')).toEqual([]);
});
