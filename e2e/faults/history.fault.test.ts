// RT-15. Long histories of publishing, polling and consuming, with whatever may go wrong going wrong in between, judged as
// Jepsen judges Kafka: see check-polls.ts and check-cycles.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { type MutantName } from './mutants.ts';

const HISTORIES = Number(process.env['WEIR_HISTORIES'] ?? '1');
const HISTORY_MS = Number(process.env['WEIR_HISTORY_SECONDS'] ?? '20') * 1_000;
/** Without faults: a mutant must be noticed when nothing else goes wrong. */
const MUTANT_HISTORY_MS = 3_000;
const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
/** Slow enough that the history of a night fits in memory. */
const PAUSE_MAX_MS = 100;
const CALM_MIN_MS = 1_000;
const CALM_MAX_MS = 4_000;
const STOPPED_MAX_MS = 1_500;
const TIMEOUT_MS = HISTORY_MS * 2 + 120_000;

type Fault = (run: FaultRun) => Promise<void>;

const FAULTS: Readonly<Record<string, Fault>> = {
  'server killed': async ({ server }) => {
    await server.end('SIGKILL');
    server.restart();
    await server.untilReady();
  },
  'postgres killed': async ({ server }) => server.killPostmaster(),
  'both killed': async ({ server }) => {
    server.killPostmaster();
    await server.end('SIGKILL');
    server.restart();
    await server.untilReady();
  },
  'server stopped for a while': async ({ server, random }) => {
    server.pause();
    await sleep(random() * STOPPED_MAX_MS);
    server.resume();
  },
};

async function strikeFor(run: FaultRun, durationMs: number): Promise<Record<string, number>> {
  const struck: Record<string, number> = {};
  const names = Object.keys(FAULTS);
  const until = performance.now() + durationMs;
  while (performance.now() < until) {
    // The moment of the fault is the parameter of this test, not something it waits for.
    await sleep(CALM_MIN_MS + run.random() * (CALM_MAX_MS - CALM_MIN_MS));
    const name = names[Math.floor(run.random() * names.length)] ?? '';
    await FAULTS[name]?.(run);
    await run.server.unlessEnded(run.untilAcknowledged());
    struck[name] = (struck[name] ?? 0) + 1;
  }
  return struck;
}

describe('a history of publishes and polls', () => {
  for (let index = 0; index < HISTORIES; index += 1)
    test(`number ${index + 1} can be put in one order, whatever fails meanwhile`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const seed = SEED + index;
      process.stdout.write(`seed ${seed} (WEIR_FAULT_SEED repeats it)\n`);

      const complaints = await complaintsAfter({
        name: 'history',
        seed,
        server: {},
        load: { pauseMaxMs: PAUSE_MAX_MS },
        hurt: async (run) => ({ struck: await strikeFor(run, HISTORY_MS) }),
      });

      expect(complaints).toEqual([]);
    });

  const mutants: readonly MutantName[] = [
    'swaps the appends of a batch',
    'tells several events the same position',
    'shows the log without its last events',
    'leaves an event out of a page',
  ];
  for (const mutant of mutants)
    mutantTest(mutant, (repository) =>
      complaintsAfter({
        name: mutant,
        seed: SEED,
        server: { repository },
        hurt: async () => {
          await sleep(MUTANT_HISTORY_MS);
          return {};
        },
      }),
    );
});
