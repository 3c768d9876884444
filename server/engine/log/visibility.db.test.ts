// RT-12. A reader must be given every event though transactions commit in another order than they began, whatever it reads
// from and whenever it comes: what a cursor has passed never appears behind it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogClient } from '#server/testing/drivers/log-driver.ts';
import { openNaiveSequenceLog } from '#server/testing/drivers/naive-sequence-log.ts';
import { LogReader } from '#server/testing/drivers/reader-watch.ts';
import { openWeirLog } from '#server/testing/drivers/weir-log.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';

const RUN_MS = Number(process.env['WEIR_VISIBILITY_SECONDS'] ?? '10') * 1_000;
/** A long run counts for half an hour and 150,000 events; a short one must have written at all. */
const WRITTEN_MIN = RUN_MS >= 1_800_000 ? 150_000 : (RUN_MS / 1_000) * 20;
const MUTANT_RUN_MS = 2_000;
const WRITERS = 8;
const CATCH_UP_READERS = 4;
const HELD_SHARE = 0.2;
const HELD_MAX_MS = 5;
const PAUSE_MAX_MS = 12;
const LIVE_EVERY_MS = 1;
/** A reader that catches up comes back this often, and reads on until nothing follows. */
const CATCH_UP_EVERY_MS = 40;
/** Nothing new for this long after the last write: whatever is missing now will be missing for ever. */
const SETTLED_AFTER_MS = 2_500;

let kit: TestDatabase;
let clients: LogClient[] = [];
beforeAll(async () => {
  kit = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await kit.drop();
});

/** Events of its own key, one write after the other, a fifth of them in transactions that live on for a while. */
async function write(client: LogClient, key: string, until: number): Promise<number> {
  let written = 0;
  while (performance.now() < until) {
    const events = [{ id: `${key}-${written}`, key, sequence: written }];
    const isHeld = Math.random() < HELD_SHARE;
    const beforeCommit = () => sleep(Math.random() * HELD_MAX_MS).then(() => undefined);
    await (isHeld ? client.transact(events, { beforeCommit }) : client.append(events));
    written += 1;
    await sleep(Math.random() * PAUSE_MAX_MS);
  }
  return written;
}

type Run = {
  readonly writers: readonly LogClient[];
  readonly readers: readonly { readonly reader: LogReader; readonly everyMs: number }[];
  readonly runMs: number;
};

/** Writers and readers at once; the readers go on until they are given nothing any more. */
async function run({ writers, readers, runMs }: Run) {
  const until = performance.now() + runMs;
  const progress = { atMs: performance.now(), over: false };
  const reading = readers.map(async ({ reader, everyMs }) => {
    while (!progress.over) {
      while ((await reader.read()) > 0) progress.atMs = performance.now();
      await sleep(everyMs);
    }
  });
  const counts = await Promise.all(
    writers.map(async (client, index) => {
      const key = `writer-${index}`;
      return [key, await write(client, key, until)] as const;
    }),
  );
  progress.atMs = performance.now();
  while (performance.now() - progress.atMs < SETTLED_AFTER_MS) await sleep(CATCH_UP_EVERY_MS);
  progress.over = true;
  await Promise.all(reading);
  const written = new Map(counts);
  return {
    written: counts.reduce((sum, [, count]) => sum + count, 0),
    readers: readers.map(({ reader: { watch } }) => ({
      missed: watch.missed(written),
      regressions: watch.regressions,
      repetitions: watch.repetitions,
      inversions: watch.inversions,
      events: watch.events,
    })),
  };
}

async function readersOf(openClient: () => Promise<LogClient>): Promise<Run['readers']> {
  const readers = [];
  for (let i = 0; i < CATCH_UP_READERS; i += 1) {
    // One pair per process: it reads what it has in memory, and what is on disk.
    if (i % 2 === 0) clients.push(await openClient());
    const client = clients.at(-1);
    if (client === undefined) continue;
    const reader = new LogReader(client, i % 2 === 0 ? 'memory' : 'table');
    readers.push({ reader, everyMs: CATCH_UP_EVERY_MS });
  }
  const live = clients.at(-1);
  if (live !== undefined)
    readers.push({ reader: new LogReader(live, 'memory'), everyMs: LIVE_EVERY_MS });
  return readers;
}

test('every reader is given every event once, in the order of positions, while transactions are held', {
  timeout: RUN_MS + 60_000,
}, async () => {
  const direct = [await openWeirLog(kit, 'append'), await openWeirLog(kit, 'append')];
  const outbox = [await openWeirLog(kit, 'outbox'), await openWeirLog(kit, 'outbox')];
  clients.push(...direct, ...outbox);
  const writers = Array.from({ length: WRITERS }, (_, index) => {
    const kind = index % 4 === 3 ? outbox : direct;
    return kind[index % 2] ?? direct[0];
  }).filter((client) => client !== undefined);

  const report = await run({
    writers,
    readers: await readersOf(() => openWeirLog(kit, 'append')),
    runMs: RUN_MS,
  });

  process.stdout.write(`visibility: ${JSON.stringify(report)}\n`);
  const flawless = { missed: 0, regressions: 0, repetitions: 0, inversions: 0 };
  expect(writers).toHaveLength(WRITERS);
  expect(report.written).toBeGreaterThan(WRITTEN_MIN);
  expect(report.readers).toEqual(
    Array.from({ length: CATCH_UP_READERS + 1 }, () => ({ ...flawless, events: report.written })),
  );
});

test('notices what readers of a bare sequence are never given', async () => {
  const writers = [];
  for (let i = 0; i < WRITERS; i += 1) writers.push(await openNaiveSequenceLog(kit));
  clients.push(...writers);

  const report = await run({
    writers,
    readers: await readersOf(() => openNaiveSequenceLog(kit)),
    runMs: MUTANT_RUN_MS,
  });

  process.stdout.write(`visibility of a bare sequence: ${JSON.stringify(report)}\n`);
  expect(report.readers.at(-1)?.missed).toBeGreaterThan(0);
});
