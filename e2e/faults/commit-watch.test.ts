import { expect, test } from 'vitest';
import { checkCommits } from './commit-watch.ts';

const BACKENDS = new Map([
  [11, 0],
  [12, 0],
  [21, 1],
]);
const commit = (owner: string, backend: number, [from, to]: readonly [number, number]) => ({
  partition: 3,
  owner,
  backend,
  from,
  to,
});
const kindsOf = (...commits: ReturnType<typeof commit>[]) =>
  checkCommits(commits, (backend) => BACKENDS.get(backend)).map(({ kind }) => kind);

test('an owner may store by several connections, and another after it', () => {
  const commits = [
    commit('a', 11, [0, 5]),
    commit('a', 12, [5, 9]),
    commit('b', 21, [9, 12]),
    commit('a', 11, [12, 13]),
  ];

  expect(kindsOf(...commits)).toEqual([]);
});

test('an offset that goes back is named', () => {
  expect(kindsOf(commit('a', 11, [0, 5]), commit('a', 11, [5, 4]))).toEqual(['offset-went-back']);
});

test('what a zombie stores is named, forwards as well', () => {
  const commits = [commit('b', 21, [0, 5]), commit('b', 21, [5, 7]), commit('b', 11, [7, 9])];

  expect(kindsOf(...commits)).toEqual(['offset-stored-by-another']);
});
