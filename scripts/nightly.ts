// The same tests with the long counts: how many cases the model tests try, how often servers are killed.
import { runScript } from './entry.ts';
import { faults } from './faults.ts';
import { generate } from './generate.ts';
import { add, report, runVitest } from './tally.ts';

const LONG_COUNTS = {
  WEIR_MODEL_RUNS: '1000',
  WEIR_ENGINE_MODEL_RUNS: '10000',
  WEIR_ENGINE_MODEL_COMMANDS: '100',
  WEIR_ENGINE_MODEL_SEED: 'random',
  WEIR_SIM_SEEDS: '1000',
  WEIR_SIM_COMMANDS: '500',
  WEIR_SIM_SEED: 'random',
  WEIR_FAULT_CYCLES: '1000',
  WEIR_FAULT_MUTANTS: 'all',
  WEIR_FAULT_LOST_REPLIES: '5000',
  WEIR_FAULT_TERMINATING_MS: '600000',
  WEIR_FAULT_TOXIC_ROUNDS: '10',
  WEIR_FAULT_DISK_CYCLES: '20',
  WEIR_FAULT_CLOCK_JUMPS: '100',
  WEIR_FAULT_PAUSES: '20',
  WEIR_FAULT_RESTARTS: '20',
  WEIR_FAULT_ZOMBIES: '20',
  WEIR_FAULT_LEADER_PAUSES: '200',
  WEIR_FAULT_LEADER_PAUSE_SECONDS: '30',
  WEIR_VISIBILITY_SECONDS: '1800',
  WEIR_EARLY_TRANSACTION_ROUNDS: '10000',
  WEIR_NONSENSE_EVENTS: '338247',
  WEIR_CONFLICT_ROUNDS: '10000',
  WEIR_SESSION_RUNS: '50',
  WEIR_HELD_SNAPSHOT_SECONDS: '600',
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
