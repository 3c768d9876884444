// RT-20. What producers say about time orders nothing: a log whose events share a few times between 1948 and 2020, in no order,
// is read and replayed as it was published. Times only choose: `after` includes, `before` excludes.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventQuerySchema, type StoredEvent } from '#contracts/event.ts';
import { replayRequestSchema } from '#contracts/operation.ts';
import { sabotageQueries } from '#server/testing/sabotage-queries.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { defineConsumer } from '../broker/consumer-definition.ts';

const TOPIC = 'nonsense';
const EVENTS = Number(process.env['WEIR_NONSENSE_EVENTS'] ?? '2000');
const BATCH = 250;
/** As many events share a time as in the log of purchases that BPI 2019 is: 338,247 of them at 69,102 times. */
const EVENTS_PER_TIME = 4.9;
const DISTINCT = Math.ceil(EVENTS / EVENTS_PER_TIME);
const FIRST = Date.UTC(1948, 0, 31, 23, 59, 59, 999);
const LAST = Date.UTC(2020, 11, 31, 12);
const PAGE = 500;
const TIMEOUT_MS = 30_000 + EVENTS * 4;
const RANGES = 25;
/** The last two lie a millisecond apart. */
const TIMES = [
  ...Array.from({ length: DISTINCT - 2 }, (_, index) =>
    new Date(FIRST + Math.floor(((LAST - FIRST) / DISTINCT) * index)).toISOString(),
  ),
  new Date(LAST).toISOString(),
  new Date(LAST + 1).toISOString(),
];

let kit: TestEngine;
beforeEach(async () => {
  kit = await createTestEngine();
  await kit.engine.topics.put(
    TOPIC,
    {
      partitions: 1,
      retention: { maxAgeMs: null, maxBytes: null },
      durability: 'durable',
      onInvalid: 'reject',
      maxBuffered: 10_000,
    },
    'test',
  );
});
afterEach(() => kit.drop());

type Published = { readonly id: string; readonly time: string };

const randomTime = () => TIMES[Math.floor(Math.random() * TIMES.length)] ?? '';

async function publish(): Promise<readonly Published[]> {
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    id: `event-${index}`,
    time: randomTime(),
  }));
  for (let from = 0; from < EVENTS; from += BATCH)
    await kit.engine.publisher.publish({
      topic: TOPIC,
      batch: true,
      inputs: events.slice(from, from + BATCH).map(({ id, time }, index) => ({
        attributes: { id, time, source: '/nonsense', type: 'thing.happened' },
        payload: { kind: 'json' as const, value: { index } },
      })),
    });
  return events;
}

const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

/** All pages of `GET /events` with these parameters. */
async function query(
  parameters: Readonly<Record<string, string>>,
): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  const asked = eventQuerySchema.parse({ topic: TOPIC, limit: PAGE, ...parameters });
  for (let cursor: string | undefined; ; ) {
    const page = await kit.engine.reader.query({ ...asked, cursor });
    found.push(...page.items);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

/** The ids a consumer is given, live and then in a replay of everything. */
async function deliver(): Promise<{
  live: string[];
  replayed: string[];
  events: readonly Published[];
}> {
  const live: string[] = [];
  const replayed: string[] = [];
  await kit.engine.broker.register(
    defineConsumer({
      name: 'keeper',
      description: 'keeps what it is given',
      version: '1',
      filter: { topics: [TOPIC] },
      concurrency: 1,
      handle: ({ id }, { replay }) => {
        (replay === undefined ? live : replayed).push(id);
      },
    }),
  );
  const events = await publish();
  while (live.length < EVENTS) await sleep(10);
  const request = {
    from: 1,
    to: kit.engine.log.tailPosition(),
    target: { subscription: 'keeper' },
  };
  const operation = await kit.engine.operations.replay(replayRequestSchema.parse(request), 'test');
  if ('dryRun' in operation) throw new Error('It was only planned.');
  while ((await kit.engine.operations.get(operation.id)).finishedAt === null) await sleep(10);
  return { live, replayed, events };
}

test('events are delivered, read and replayed in the order they were published', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { live, replayed, events } = await deliver();

  expect(live).toEqual(idsOf(events));
  expect(replayed).toEqual(idsOf(events));
  expect(idsOf(await query({}))).toEqual(idsOf(events));
  expect(idsOf(await query({ direction: 'backward' }))).toEqual(idsOf(events).toReversed());
});

test('`after` includes its time and `before` excludes it, ties and all', {
  timeout: TIMEOUT_MS,
}, async () => {
  const events = await publish();

  for (let range = 0; range < RANGES; range += 1) {
    const [after = '', before = ''] = [randomTime(), randomTime()].toSorted();
    const found = await query({ after, before });
    const expected = events.filter(({ time }) => time >= after && time < before);
    expect(idsOf(found), `${after} to ${before}`).toEqual(idsOf(expected));
  }
  const [last = '', secondLast = ''] = TIMES.toReversed();
  expect(idsOf(await query({ after: secondLast, before: last }))).toEqual(
    idsOf(events.filter(({ time }) => time === secondLast)),
  );
  const early = await query({ before: TIMES[0] ?? '' });
  const late = await query({ after: new Date(LAST + 2).toISOString() });
  expect([...early, ...late]).toEqual([]);
});

test('notices a log that is sorted by time', { timeout: TIMEOUT_MS }, async () => {
  const change = { from: 'ORDER BY e.position', to: 'ORDER BY e.time' };
  const sabotaged = sabotageQueries(kit.database.database, change);

  const { replayed, events } = await deliver();

  expect(sabotaged.count).toBeGreaterThan(0);
  expect(replayed).not.toEqual(idsOf(events));
  expect(idsOf(await query({}))).not.toEqual(idsOf(events));
});

test('notices a bound that is on the wrong side', { timeout: TIMEOUT_MS }, async () => {
  const change = { from: 'e.time >= ', to: 'e.time > ' };
  const sabotaged = sabotageQueries(kit.database.database, change);
  const events = await publish();
  const [last = '', secondLast = ''] = TIMES.toReversed();

  const found = await query({ after: secondLast, before: last });

  expect(sabotaged.count).toBeGreaterThan(0);
  expect(idsOf(found)).not.toEqual(idsOf(events.filter(({ time }) => time === secondLast)));
});
