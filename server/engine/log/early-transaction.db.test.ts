// RT-13. A transaction takes its id with its first write, wherever that is. One that wrote elsewhere first and to the log last
// must come after what was logged in between, in the whole log and among the events of the key.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogClient, type LoggedEvent, readAll } from '#server/testing/drivers/log-driver.ts';
import { ReaderWatch } from '#server/testing/drivers/reader-watch.ts';
import { openWeirLog } from '#server/testing/drivers/weir-log.ts';
import { openXidOrderLog } from '#server/testing/drivers/xid-order-log.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';

const ROUNDS = Number(process.env['WEIR_EARLY_TRANSACTION_ROUNDS'] ?? '300');
const MUTANT_ROUNDS = 20;
const AT_ONCE = 4;
const ROUND_MS = 100;
/** Reading a key alone is a search: some of them are enough. */
const KEYS_READ_ALONE = 50;

let kit: TestDatabase;
const clients: LogClient[] = [];
beforeEach(async () => {
  kit = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await kit.drop();
});

/** One key: `late` has written elsewhere and waits, `between` logs the first event, then `late` logs the second. */
async function round(key: string, late: LogClient, between: LogClient): Promise<void> {
  const event = (sequence: number) => ({ id: `${key}-${sequence}`, key, sequence });
  await late.transact([event(1)], { afterFirstWrite: () => between.append([event(0)]) });
}

/** How many keys a reader of the whole log, and readers of single keys, were given in the wrong order. */
async function play(rounds: number, late: LogClient, between: LogClient) {
  for (let first = 0; first < rounds; first += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, rounds - first) }, (_, index) =>
        round(`key-${first + index}`, late, between),
      ),
    );
  // What lies in the outbox comes a little later.
  const all = await until(
    () => readAll(between),
    (events) => events.length >= rounds * 2,
  );
  let alone = 0;
  const step = Math.max(1, Math.floor(rounds / KEYS_READ_ALONE));
  for (let index = 0; index < rounds; index += step)
    alone += inversionsIn(await between.readKey(`key-${index}`));
  return { events: all.length, inTheLog: inversionsIn(all), alone };
}

function inversionsIn(events: readonly LoggedEvent[]): number {
  const watch = new ReaderWatch();
  for (const event of events) watch.note(event);
  return watch.inversions;
}

describe('what was logged in between comes first', () => {
  test.each([
    ['both by the outbox', 'outbox', 'outbox'],
    ['the early transaction by the outbox', 'outbox', 'append'],
    ['both by an append', 'append', 'append'],
  ] as const)('%s', { timeout: ROUNDS * ROUND_MS + 30_000 }, async (name, late, between) => {
    clients.push(await openWeirLog(kit, late), await openWeirLog(kit, between));
    const [one, other] = clients;
    if (one === undefined || other === undefined) return;

    const seen = await play(ROUNDS, one, other);

    process.stdout.write(`early transaction, ${name}: ${JSON.stringify(seen)}\n`);
    expect(seen).toEqual({ events: ROUNDS * 2, inTheLog: 0, alone: 0 });
  });

  test('notices a log that is read in the order of transaction ids', async () => {
    const log = await openXidOrderLog(kit);
    clients.push(log);

    const seen = await play(MUTANT_ROUNDS, log, log);

    process.stdout.write(`early transaction, by transaction id: ${JSON.stringify(seen)}\n`);
    expect(seen).toEqual({
      events: MUTANT_ROUNDS * 2,
      inTheLog: MUTANT_ROUNDS,
      alone: MUTANT_ROUNDS,
    });
  });
});
