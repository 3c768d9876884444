// RT-19. The wall clock of a server is set to and fro; its own waits, the order of the log and what counts as a repetition do not
// depend on it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { complaintsAfter } from './complaints.ts';
import { type FaultRun } from './fault-run.ts';
import { type Received } from './journal.ts';
import { mutantTest } from './mutant-test.ts';
import { SOURCE } from './producer.ts';
import { retryDelays } from './retry-delays.ts';
import { type ServerOptions } from './server-launch.ts';
import { until } from './until.ts';

const SEED = Number(process.env['WEIR_FAULT_SEED'] ?? Date.now() % 2 ** 32);
const JUMPS = Number(process.env['WEIR_FAULT_CLOCK_JUMPS'] ?? '10');
const JUMP_MAX_MS = 3_600_000;
const JUMP_EVERY_MS = 600;
/** Moments at which clocks have gone wrong: summer time begins and ends, and seconds need more than 31 bits. */
const TURNS = ['2027-03-28T01:00:00Z', '2027-10-31T01:00:00Z', '2038-01-19T03:14:08Z'];
const TIME_ZONE = 'Europe/Berlin';
/** So long before such a moment, and so long at it. */
const BEFORE_MS = 500;
const AT_MS = 1_500;
/** Acknowledged events that are sent again each time. */
const AGAIN = 3;
const CONSUMER = 'half';
/** Every so many events of a key are refused once; each holds its key for a second, and the others must be done in the meantime. */
const REFUSED_EVERY = 30;
/** The first delay of a retry. */
const DELAY_MS = 1_000;
const EARLY_MS = 50;
/** On a busy machine; a clock that is an hour off is noticed all the same. */
const LATE_MS = 5_000;
const AGAIN_WITHIN_MS = 10_000;
const TIMEOUT_MS = 120_000;

test('a clock that jumps an hour to and fro changes neither order nor the time of a retry', {
  timeout: TIMEOUT_MS + JUMPS * JUMP_EVERY_MS,
}, async () => {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  expect(await complaintsUnderJumps(JUMPS)).toEqual([]);
});

mutantTest('tells by its own clock when a retry is due', (repository) =>
  complaintsUnderJumps(JUMPS, { repository }),
);

mutantTest('orders the log by its own clock', (repository) =>
  complaintsUnderJumps(JUMPS, { repository }),
);

test('neither do summer time and the year 2038', { timeout: TIMEOUT_MS }, async () => {
  process.stdout.write(`seed ${SEED} (WEIR_FAULT_SEED repeats it)\n`);
  expect(
    await complaintsAfter({
      name: 'the clock turns',
      seed: SEED,
      server: { hasShiftableClock: true, timeZone: TIME_ZONE },
      load: { refuses: isRefused },
      hurt: async (run) => {
        let repeated = 0;
        for (const turn of TURNS) {
          await run.untilAcknowledged();
          run.server.shiftClock(Date.parse(turn) - BEFORE_MS - Date.now());
          await sleep(AT_MS);
          repeated += await repeat(run);
        }
        return { turns: TURNS.length, repeated, retryDelayMs: await delaysOf(run) };
      },
    }),
  ).toEqual([]);
});

function complaintsUnderJumps(
  jumps: number,
  server: ServerOptions = {},
): Promise<readonly string[]> {
  return complaintsAfter({
    name: 'the clock jumps',
    seed: SEED,
    server: { ...server, hasShiftableClock: true },
    load: { refuses: isRefused },
    hurt: async (run) => {
      for (let jump = 0; jump < jumps; jump += 1) {
        await run.untilAcknowledged();
        run.server.shiftClock((run.random() * 2 - 1) * JUMP_MAX_MS);
        await sleep(JUMP_EVERY_MS);
      }
      return { jumps, repeated: await repeat(run), retryDelayMs: await delaysOf(run) };
    },
  });
}

/** What is acknowledged stays so: sent again it is where it was. How many were. */
async function repeat({ api }: FaultRun): Promise<number> {
  const stored = (await api.log()).filter(({ source }) => source === SOURCE);
  const chosen = [stored[0], stored[Math.floor(stored.length / 2)], stored.at(-1)];
  const events = chosen.filter((event) => event !== undefined);
  if (events.length < AGAIN) throw new Error('Nothing was published.');
  for (const event of events) {
    const { duplicate, position } = await api.publishAgain(event);
    if (!duplicate || position !== event.position)
      throw new Error(`${event.id} at ${event.position} was stored again, at ${position}.`);
  }
  return events.length;
}

function isRefused({ sequence, attempt }: Received): boolean {
  return attempt === 1 && sequence % REFUSED_EVERY === 0;
}

/** Rejects when a retry came at another time than it should, or not at all. */
async function delaysOf(run: FaultRun): Promise<{ readonly min: number; readonly max: number }> {
  const refusedByNow = retryDelays(run.entriesOf(CONSUMER)).map(({ eventId }) => eventId);
  const delays = await until('what was refused came again', AGAIN_WITHIN_MS, () => {
    const all = retryDelays(run.entriesOf(CONSUMER));
    const wanted = all.filter(({ eventId }) => refusedByNow.includes(eventId));
    return wanted.some(({ isWaiting }) => isWaiting)
      ? undefined
      : wanted.flatMap(({ delaysMs }) => delaysMs);
  });
  const min = Math.round(Math.min(...delays));
  const max = Math.round(Math.max(...delays));
  if (delays.length === 0) throw new Error('Nothing was refused.');
  if (min < DELAY_MS - EARLY_MS || max > DELAY_MS + LATE_MS)
    throw new Error(`Retries came after ${min} to ${max} ms instead of ${DELAY_MS}.`);
  return { min, max };
}
