// RT-15. Long histories of publishing, polling and consuming, with whatever may go wrong going wrong in between, judged as
// Jepsen judges Kafka: see check-polls.ts and check-cycles.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { type MutantName } from './mutants.ts';
import { PostgresProcess } from './postgres-process.ts';
import { PostgresProxy } from './postgres-proxy.ts';

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
const TOXIC_FOR_MS = 2_000;
const DELAY_MAX_MS = 300;
const SLICE_MAX_BYTES = 10;
const TIMEOUT_MS = HISTORY_MS * 2 + 120_000;

let postgres: PostgresProcess;
beforeAll(async () => {
  postgres = await PostgresProcess.start();
});
afterAll(() => postgres.remove());

type Fault = (run: FaultRun, proxy: PostgresProxy) => Promise<void>;

const FAULTS: Readonly<Record<string, Fault>> = {
  'server killed': async ({ server }) => {
    await server.end('SIGKILL');
    server.restart();
    await server.untilReady();
  },
  'postgres killed': async () => postgres.kill(),
  'both killed': async ({ server }) => {
    postgres.kill();
    await server.end('SIGKILL');
    server.restart();
    await server.untilReady();
  },
  'server stopped for a while': async ({ server, random }) => {
    server.pause();
    await sleep(random() * STOPPED_MAX_MS);
    server.resume();
  },
  'answers to commits lost': async ({ random }, proxy) => {
    proxy.losesRepliesTo = /^(append_batch|commit)$/i;
    await sleep(random() * TOXIC_FOR_MS);
    proxy.losesRepliesTo = undefined;
  },
  'the way to Postgres slow': async ({ random }, proxy) => {
    proxy.toxic = { delayMs: () => random() * DELAY_MAX_MS };
    await sleep(TOXIC_FOR_MS);
    proxy.toxic = {};
  },
  'in slices': async ({ random }, proxy) => {
    proxy.toxic = { sliceBytes: () => Math.ceil(random() * SLICE_MAX_BYTES) };
    await sleep(TOXIC_FOR_MS);
    proxy.toxic = {};
  },
  cut: async (_run, proxy) => proxy.cutAll(),
  silent: async ({ random }, proxy) => {
    proxy.isSilent = true;
    await sleep(random() * TOXIC_FOR_MS);
    proxy.isSilent = false;
  },
};

/** All faults in turn, in an order of this history's own. */
async function strikeFor(
  run: FaultRun,
  proxy: PostgresProxy,
  durationMs: number,
): Promise<Record<string, number>> {
  const struck: Record<string, number> = {};
  const ranked = Object.entries(FAULTS)
    .map((entry) => ({ entry, rank: run.random() }))
    .toSorted((left, right) => left.rank - right.rank);
  const untilMs = performance.now() + durationMs;
  for (let turn = 0; performance.now() < untilMs; turn += 1) {
    // The moment of the fault is the parameter of this test, not something it waits for.
    await sleep(CALM_MIN_MS + run.random() * (CALM_MAX_MS - CALM_MIN_MS));
    const [name = '', strike] = ranked[turn % ranked.length]?.entry ?? [];
    await strike?.(run, proxy);
    await run.server.unlessEnded(run.untilAcknowledged());
    struck[name] = (struck[name] ?? 0) + 1;
  }
  if (Object.keys(struck).length === 0) throw new Error('Nothing was done to the server.');
  return struck;
}

describe('a history of publishes and polls', () => {
  for (let index = 0; index < HISTORIES; index += 1)
    test(`number ${index + 1} can be put in one order, whatever fails meanwhile`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const seed = SEED + index;
      process.stdout.write(`seed ${seed} (WEIR_FAULT_SEED repeats it)\n`);

      const proxy = await PostgresProxy.start(await postgres.createDatabase());
      const complaints = await complaintsAfter({
        name: 'history',
        seed,
        server: { databaseUrl: proxy.url },
        load: { pauseMaxMs: PAUSE_MAX_MS },
        hurt: async (run) => ({ struck: await strikeFor(run, proxy, HISTORY_MS) }),
      });
      await proxy.stop();

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
