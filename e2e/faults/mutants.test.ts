import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { sabotage } from './sabotaged-copy.ts';

test.each(Object.entries(MUTANTS))('the mutant that %s fits the sources', (_, mutant) => {
  expect(sabotage(mutant)).toContain(mutant.replace);
});

test('a mutant whose line is gone says so', () => {
  const gone = { file: 'server/main.ts', find: 'no such line', replace: '' };

  expect(() => sabotage(gone)).toThrow('stale');
});
