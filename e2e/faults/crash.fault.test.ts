import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { mutantTest } from './mutant-test.ts';
import { type MutantName } from './mutants.ts';
import { portions } from './portions.ts';
import { type ServerOptions } from './server-launch.ts';

const CYCLES = Number(process.env['WEIR_FAULT_CYCLES'] ?? '25');
/** So many on one history: the checker holds it in memory. */
const CYCLES_OF_A_RUN = 50;
const CYCLES_OF_A_MUTANT = 3;
/** Repeats the same load and the same moments. */
const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const CALM_MAX_MS = 3_000;
/** A server that lives on. */
const RESUMES_WITHIN_MS = 10_000;
/** A server that is started anew, on a machine that may be busy with other things. */
const RESTARTS_WITHIN_MS = 30_000;
const CYCLE_TIMEOUT_MS = 60_000;
/** All that its pools may have open, and those that listen: whoever leaks one with each crash has more. */
const SOCKETS_MAX = 20;

type Fault = {
  readonly name: string;
  readonly resumesWithinMs: number;
  readonly strike: (run: FaultRun) => Promise<void>;
};

type Times = { readonly ready: number[]; readonly resumed: number[] };

const SERVER_KILLED: Fault = {
  name: 'the server is killed',
  resumesWithinMs: RESTARTS_WITHIN_MS,
  strike: async ({ server }) => {
    await server.end('SIGKILL');
    server.restart();
  },
};
const POSTGRES_KILLED: Fault = {
  name: 'Postgres is killed and the server lives',
  resumesWithinMs: RESUMES_WITHIN_MS,
  strike: ({ server }) => Promise.resolve(server.killPostmaster()),
};
const BOTH_KILLED: Fault = {
  name: 'server and Postgres are killed at once',
  resumesWithinMs: RESTARTS_WITHIN_MS,
  strike: async ({ server }) => {
    server.killPostmaster();
    await server.end('SIGKILL');
    server.restart();
  },
};

describe.each<{ fault: Fault; cycles: number; mutant: MutantName }>([
  { fault: SERVER_KILLED, cycles: CYCLES, mutant: 'acknowledges before the commit' },
  {
    fault: POSTGRES_KILLED,
    cycles: Math.ceil(CYCLES / 5),
    mutant: 'keeps a connection that broke',
  },
  {
    fault: BOTH_KILLED,
    cycles: Math.ceil(CYCLES / 8),
    mutant: 'commits without waiting for the disk',
  },
])('$fault.name, again and again under load', ({ fault, cycles, mutant }) => {
  test('loses, doubles and misplaces nothing, and takes publishes again in time', {
    timeout: CYCLE_TIMEOUT_MS * (cycles + 2),
  }, async () => {
    process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
    for (const [index, count] of portions(cycles, CYCLES_OF_A_RUN).entries())
      expect(await strikeAgain(fault, count, { seed: SEED + index })).toEqual([]);
  });

  mutantTest(mutant, (repository) =>
    strikeAgain(fault, CYCLES_OF_A_MUTANT, { seed: SEED, repository }),
  );
});

function strikeAgain(
  fault: Fault,
  cycles: number,
  { seed, ...server }: ServerOptions & { readonly seed: number },
): Promise<readonly string[]> {
  return complaintsAfter({
    name: fault.name,
    seed,
    server,
    hurt: async (run) => {
      const times: Times = { ready: [], resumed: [] };
      for (let cycle = 0; cycle < cycles; cycle += 1) await strikeOnce(run, fault, times);
      const postgresSockets = run.server.postgresSockets();
      if (postgresSockets !== undefined && postgresSockets > SOCKETS_MAX)
        throw new Error(`The server has ${postgresSockets} sockets to Postgres.`);
      const measured = { readyMs: spread(times.ready), resumedMs: spread(times.resumed) };
      return { cycles, ...measured, postgresSockets };
    },
  });
}

async function strikeOnce(run: FaultRun, fault: Fault, times: Times): Promise<void> {
  // The moment of the fault is the parameter of this test, not something it waits for.
  await sleep(run.random() * CALM_MAX_MS);
  const struckAtMs = performance.now();
  const acknowledged = run.untilAcknowledged(fault.resumesWithinMs);
  await fault.strike(run);
  times.resumed.push(await run.server.unlessEnded(acknowledged));
  await run.server.untilReady();
  times.ready.push(performance.now() - struckAtMs);
}

function spread(times: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
