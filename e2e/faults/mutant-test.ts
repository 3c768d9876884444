import { expect, test } from 'vitest';
import { MUTANTS, type MutantName } from './mutants.ts';
import { makeSabotagedCopy } from './sabotaged-copy.ts';
import { seededRandom } from './seeded-random.ts';

/** One takes 10 to 90 s. */
const SAMPLE = 1;
const DAY_MS = 86_400_000;
const WANTED = process.env['WEIR_FAULT_MUTANTS'] ?? String(SAMPLE);
const TIMEOUT_MS = 180_000;

/**
 * Shows that a fault test notices the mistake: `faultsOf` runs the test's own scenario against the sabotaged copy of the
 * repository and returns what the test would complain about. WEIR_FAULT_MUTANTS says which mutants are tried: `all`, a
 * name, or how many (others each day).
 */
export function mutantTest(
  name: MutantName,
  faultsOf: (repository: string) => Promise<readonly string[]>,
): void {
  test.runIf(isChosen(name))(`notices a server that ${name}`, { timeout: TIMEOUT_MS }, async () => {
    const copy = makeSabotagedCopy(MUTANTS[name]);
    try {
      const faults = await faultsOf(copy.repository);
      process.stdout.write(
        `a server that ${name}: ${faults.slice(0, 3).join('; ') || 'nothing noticed'}\n`,
      );
      expect(faults).not.toEqual([]);
    } finally {
      copy.remove();
    }
  });
}

function isChosen(name: string): boolean {
  if (WANTED === 'all' || WANTED === name) return true;
  const random = seededRandom(Math.floor(Date.now() / DAY_MS));
  const drawn = Object.keys(MUTANTS)
    .map((each) => ({ each, rank: random() }))
    .toSorted((left, right) => left.rank - right.rank);
  return drawn.slice(0, Number(WANTED) || 0).some(({ each }) => each === name);
}
