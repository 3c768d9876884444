import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { FaultRun } from './fault-run.ts';

const CYCLES = Number(process.env['WEIR_FAULT_CYCLES'] ?? '3');
const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const CALM_MIN_MS = 200;
const CALM_MAX_MS = 2_000;
/** A server that lives on. */
const RESUMES_WITHIN_MS = 10_000;
/** A server that is started anew, on a machine that may be busy with other things. */
const RESTARTS_WITHIN_MS = 30_000;
const CYCLE_TIMEOUT_MS = 60_000;

type Fault = {
  readonly name: string;
  readonly resumesWithinMs: number;
  readonly strike: (run: FaultRun) => Promise<void>;
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the server is killed',
    resumesWithinMs: RESTARTS_WITHIN_MS,
    strike: async ({ server }) => {
      await server.end('SIGKILL');
      server.restart();
    },
  },
  {
    name: 'Postgres is killed and the server lives',
    resumesWithinMs: RESUMES_WITHIN_MS,
    strike: ({ server }) => Promise.resolve(server.killPostmaster()),
  },
  {
    name: 'server and Postgres are killed at once',
    resumesWithinMs: RESTARTS_WITHIN_MS,
    strike: async ({ server }) => {
      server.killPostmaster();
      await server.end('SIGKILL');
      server.restart();
    },
  },
];

let run: FaultRun | undefined;
afterEach(async () => {
  await run?.remove();
  run = undefined;
});

describe.each(FAULTS)('$name, again and again under load', ({ name, strike, resumesWithinMs }) => {
  test('loses, doubles and misplaces nothing, and takes publishes again in time', {
    timeout: CYCLE_TIMEOUT_MS * (CYCLES + 2),
  }, async () => {
    process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
    run = await FaultRun.start(SEED);
    await run.load();
    const ready: number[] = [];
    const resumed: number[] = [];

    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      // The moment of the fault is the parameter of this test, not something it waits for.
      await sleep(CALM_MIN_MS + run.random() * (CALM_MAX_MS - CALM_MIN_MS));
      const struckAtMs = performance.now();
      const acknowledged = run.untilAcknowledged();
      await strike(run);
      resumed.push(await run.server.unlessEnded(acknowledged));
      await run.server.untilReady();
      ready.push(performance.now() - struckAtMs);
    }
    const report = await run.finish();

    const { anomalies, ...figures } = report;
    process.stdout.write(
      `${name}: ${JSON.stringify({ cycles: CYCLES, ...figures, anomalies: anomalies.length, readyMs: spread(ready), resumedMs: spread(resumed) })}\n`,
    );
    expect(anomalies.slice(0, 20)).toEqual([]);
    expect(report.dead).toBe(0);
    expect(Math.max(...resumed)).toBeLessThan(resumesWithinMs);
  });
});

function spread(times: readonly number[]): { p50: number; max: number } {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    p50: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    max: Math.round(sorted.at(-1) ?? 0),
  };
}
