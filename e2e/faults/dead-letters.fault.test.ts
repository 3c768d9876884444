import { afterEach, expect, test } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import { checkHistory } from './checker.ts';
import { type Received } from './journal.ts';
import { SOURCE } from './producer.ts';
import { retryDelays } from './retry-delays.ts';
import { Workbench } from './workbench.ts';

const EVENTS = 2_000;
const POISON_EVERY = 20;
const SHORT_RETRY = { maxRetries: 3, baseMs: 20, factor: 2, maxMs: 1_000, jitter: 0 };
/** Failures on purpose must not stop the consumer as a whole. */
const NO_BREAKER = { failures: 10_000 };
const FEW_EVENTS = 40;
const REAL_DELAYS_MS = [1_000, 2_000, 4_000];
const TOLERANCE = 0.15;
/** Measured by the client, on two cores it shares with the server: both ways and its fsynced journal come on top. */
const ON_THE_WAY_MS = 500;

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.remove();
  bench = undefined;
});

/** Every twentieth event of the history, from the first on. */
function choosePoison(history: readonly StoredEvent[]) {
  const poison = history.filter((_, index) => index % POISON_EVERY === 0);
  const ids = new Set(poison.map(({ id }) => id));
  return { poison, isPoison: ({ eventId }: Received) => ids.has(eventId) };
}

test('what is always refused becomes a dead letter after four attempts, and a redrive to a repaired consumer leaves none', async () => {
  bench = await Workbench.start();
  const { api } = bench;
  await bench.publish(EVENTS);
  const { poison, isPoison } = choosePoison(await bench.history());
  let isRepaired = false;
  const settings = { retry: SHORT_RETRY, breaker: NO_BREAKER };
  await bench.consume('picky', settings, (delivery) => !isRepaired && isPoison(delivery));
  await bench.consume('bystander');
  await api.untilDrained('picky');
  await api.untilDrained('bystander');

  const letters = await api.letters('picky');
  expect(poison).toHaveLength(EVENTS / POISON_EVERY);
  expect(letters.map(({ event }) => event.id).toSorted()).toEqual(
    poison.map(({ id }) => id).toSorted(),
  );
  expect(new Set(letters.map(({ status }) => status))).toEqual(new Set(['open']));
  for (const letter of letters)
    expect(letter.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  expect(bench.received('picky')).toHaveLength(EVENTS + poison.length * SHORT_RETRY.maxRetries);
  expect(
    checkHistory({
      entries: bench.journals.read(),
      log: await api.log(),
      source: SOURCE,
      consumers: [
        { client: 'picky', topics: ['history'], dead: letters.map(({ event }) => event.id) },
        { client: 'bystander', topics: ['history'], dead: [] },
      ],
    }),
  ).toEqual([]);
  const before = bench.received('picky').length;

  isRepaired = true;
  const filter = { subscription: 'picky', status: 'open' };
  const { id } = await api.startOperation('/dead-letters/redrive', { filter });
  const operation = await api.untilEnded(id);

  const redriven = bench.received('picky').slice(before);
  expect(operation).toMatchObject({ state: 'done', total: poison.length, done: poison.length });
  expect(new Set(redriven.map(({ redrive }) => redrive))).toEqual(new Set([id]));
  expect(redriven.map(({ eventId }) => eventId).toSorted()).toEqual(
    poison.map((event) => event.id).toSorted(),
  );
  const after = await api.letters('picky');
  expect(new Set(after.map(({ status }) => status))).toEqual(new Set(['resolved']));
  expect(after).toHaveLength(poison.length);
  expect(bench.received('bystander')).toHaveLength(EVENTS);
  expect(await api.letters('bystander')).toEqual([]);
});

test('retries come one, two and four seconds after the failure', async () => {
  bench = await Workbench.start();
  await bench.publish(FEW_EVENTS);
  const { poison, isPoison } = choosePoison(await bench.history());
  await bench.consume('picky', { retry: { jitter: 0 } }, isPoison);
  await bench.api.untilDrained('picky');

  const measured = retryDelays(bench.entriesOf('picky'));
  const letters = await bench.api.letters('picky');
  expect(letters).toHaveLength(poison.length);
  for (const { event } of letters) {
    const delays = measured.find(({ eventId }) => eventId === event.id)?.delaysMs ?? [];
    process.stdout.write(`retry delays of ${event.id}: ${delays.map(Math.round).join(', ')} ms\n`);
    expect(delays).toHaveLength(REAL_DELAYS_MS.length);
    REAL_DELAYS_MS.forEach((expectedMs, index) => {
      const delayMs = delays[index] ?? 0;
      expect(delayMs).toBeGreaterThan(expectedMs * (1 - TOLERANCE));
      expect(delayMs).toBeLessThan(expectedMs * (1 + TOLERANCE) + ON_THE_WAY_MS);
    });
  }
});
