import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { mutantTest } from './mutant-test.ts';
import { portions } from './portions.ts';
import { type ServerOptions } from './server-launch.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const PAUSES = Number(process.env['WEIR_FAULT_PAUSES'] ?? '1');
const PAUSES_OF_A_RUN = 5;
/** Longer than a lease lasts, and than a client waits for an answer. */
const PAUSE_MS = 15_000;
const RESUMES_WITHIN_MS = 10_000;
const TIMEOUT_MS = 120_000;

test('a server that stood still for longer than its lease goes on as if nothing had been', {
  timeout: TIMEOUT_MS + PAUSES * 2 * PAUSE_MS,
}, async () => {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  for (const pauses of portions(PAUSES, PAUSES_OF_A_RUN))
    expect(await complaintsAfterPauses(pauses)).toEqual([]);
});

mutantTest('takes a long pause for its end', (repository) =>
  complaintsAfterPauses(1, { repository }),
);

function complaintsAfterPauses(
  pauses: number,
  server: ServerOptions = {},
): Promise<readonly string[]> {
  return complaintsAfter({
    name: 'the server stands still',
    seed: SEED,
    server,
    hurt: async (run) => {
      const resumedMs: number[] = [];
      for (let pause = 0; pause < pauses; pause += 1) {
        await run.untilAcknowledged();
        run.server.pause();
        await sleep(PAUSE_MS);
        run.server.resume();
        resumedMs.push(Math.round(await run.untilAcknowledged(RESUMES_WITHIN_MS)));
      }
      return { pauses, resumedMs };
    },
  });
}
