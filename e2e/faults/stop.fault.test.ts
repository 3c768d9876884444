import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { FaultRun } from './fault-run.ts';

/** A stop is asked for, not suffered: it needs fewer repetitions than a crash. */
const CYCLES = Math.ceil(Number(process.env['WEIR_FAULT_CYCLES'] ?? '25') / 25);
const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const CALM_MIN_MS = 200;
const CALM_MAX_MS = 2_000;
const STOPS_WITHIN_MS = 10_000;
const CYCLE_TIMEOUT_MS = 60_000;

let run: FaultRun | undefined;
afterEach(async () => {
  await run?.remove();
  run = undefined;
});

test('asked to stop under load, the server ends cleanly within ten seconds and loses nothing', {
  timeout: CYCLE_TIMEOUT_MS * (CYCLES + 2),
}, async () => {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  run = await FaultRun.start(SEED);
  await run.load();

  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    await run.untilAcknowledged();
    // The moment of the fault is the parameter of this test, not something it waits for.
    await sleep(CALM_MIN_MS + run.random() * (CALM_MAX_MS - CALM_MIN_MS));
    const exit = await run.server.end('SIGTERM');
    process.stdout.write(`stopped after ${Math.round(exit.tookMs)} ms\n`);
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.tookMs).toBeLessThan(STOPS_WITHIN_MS);
    run.server.restart();
    await run.server.untilReady();
  }

  const { anomalies } = await run.finish();
  expect(anomalies.slice(0, 20)).toEqual([]);
});

test('a second server on the same data folder says why it cannot start, and the first lives on', async () => {
  run = await FaultRun.start(SEED);
  await run.load();

  const rival = await run.server.startRival();

  expect(rival.code).toBe(1);
  expect(rival.output).toContain('Another Weir');
  expect(rival.output).toContain('WEIR_DATA_DIR');
  await run.untilAcknowledged();
  expect(await run.server.isReady()).toBe(true);
  const { anomalies } = await run.finish();
  expect(anomalies).toEqual([]);
});
