// The same tests with the long counts: how many cases a property test tries, how often a crash test kills.
import { runScript } from './entry.ts';
import { generate } from './generate.ts';
import { add, report, runVitest } from './tally.ts';

const LONG_COUNTS = { WEIR_PROPERTY_RUNS: '1000', WEIR_CRASH_ROUNDS: '10' };

await runScript(async () => {
  await generate();
  report(add([await runVitest('unit', LONG_COUNTS), await runVitest('db', LONG_COUNTS)]));
});
