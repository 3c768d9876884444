import { buildWhenChanged } from './build.ts';
import { check } from './check.ts';
import { e2e } from './e2e.ts';
import { faults } from './faults.ts';
import { add, report, runVitest, type Tally } from './tally.ts';

// A part that cannot even begin (no build, no browser) is one failure, and the parts after it still run.
const tallies: Tally[] = [];
for (const part of [check, () => runVitest('db'), build, () => faults(), e2e])
  tallies.push(await attempt(part));
report(add(tallies));

async function build(): Promise<Tally> {
  await buildWhenChanged();
  console.log('✓ production build');
  return { passed: 1, failed: 0 };
}

async function attempt(part: () => Promise<Tally>): Promise<Tally> {
  try {
    return await part();
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    console.error(failure);
    return { passed: 0, failed: 1, failures: [failure] };
  }
}
