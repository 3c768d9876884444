// The same tests with the long counts: how many cases a property test tries, how often a crash test kills.

import { generate } from './generate.ts';
import { add, runVitest } from './tally.ts';

const LONG_COUNTS = { WEIR_PROPERTY_RUNS: '1000', WEIR_CRASH_ROUNDS: '10' };

await generate();
const { passed, failed } = add([
  await runVitest('unit', LONG_COUNTS),
  await runVitest('db', LONG_COUNTS),
]);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
