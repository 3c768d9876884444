// The same tests with the long counts: how many cases the model tests try, how often servers are killed.
import { runScript } from './entry.ts';
import { faults } from './faults.ts';
import { generate } from './generate.ts';
import { add, report, runVitest } from './tally.ts';

const LONG_COUNTS = {
  WEIR_MODEL_RUNS: '1000',
  WEIR_FAULT_CYCLES: '1000',
  WEIR_FAULT_MUTANTS: 'all',
  WEIR_VISIBILITY_SECONDS: '1800',
  WEIR_EARLY_TRANSACTION_ROUNDS: '10000',
  WEIR_CONFLICT_ROUNDS: '10000',
  WEIR_HISTORIES: '10',
  WEIR_HISTORY_SECONDS: '600',
  WEIR_BACKLOG_EVENTS: '1000000',
};

await runScript(async () => {
  await generate();
  report(
    add([
      await runVitest('unit', LONG_COUNTS),
      await runVitest('db', LONG_COUNTS),
      await faults(LONG_COUNTS),
    ]),
  );
});
