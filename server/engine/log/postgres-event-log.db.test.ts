import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { systemClock } from '../clock.ts';
import { isEngineError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { type ExpectedVersion } from './event-log.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';
import { createEventLog, type PostgresEventLog } from './postgres-event-log.ts';
import { createTopics, type LoadableTopics } from './topics.ts';

let test_: TestDatabase;
let log: PostgresEventLog;
let topics: LoadableTopics;

async function openLog(): Promise<PostgresEventLog> {
  const opened = createEventLog({
    database: test_.database,
    clock: systemClock,
    logger: silentLogger,
    findTopic: (name) => topics.find(name),
    findTopicById: (id) => topics.findById(id),
  });
  await opened.start();
  return opened;
}

beforeAll(async () => {
  test_ = await createTestDatabase();
  topics = createTopics({
    database: test_.database,
    clock: systemClock,
    wakeOutbox: () => undefined,
    nextOffset: (topicId, partition) => log.nextOffset(topicId, partition),
    publishedPerSecond: () => 0,
  });
  await topics.load();
  log = await openLog();
});
afterAll(async () => {
  await log.stop();
  await test_.drop();
});

const event = (id: string, over: Partial<NewEvent> = {}): NewEvent => ({
  id,
  source: 'test',
  type: 'thing.happened',
  subject: null,
  time: '2025-01-10T00:00:00.000Z',
  partitionKey: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: '{"a":1}',
  dataBinary: null,
  sizeBytes: 300,
  ...over,
});

describe('the log', () => {
  test('numbers positions, offsets and versions densely and reads back what it was given', async () => {
    await topics.ensure('dense');
    const before = log.tailPosition();

    const receipts = await log.append({
      topic: 'dense',
      streamId: 'dense-1',
      events: [
        event('d1', { dataText: '{"q":"it\\"s {x}\\\\","n":null}', extensions: { ab: 'c', n: 1 } }),
        event('d2', { dataText: null, dataBinary: Buffer.from([0, 1, 255]) }),
      ],
    });

    expect(receipts.map((r) => r.position)).toEqual([before + 1, before + 2]);
    expect(receipts.map((r) => r.offset)).toEqual([0, 1]);
    expect(receipts.map((r) => r.version)).toEqual([1, 2]);
    const cached = await log.readAfter(before, 10);
    const fresh = await openLog();
    const stored = await fresh.readAfter(before, 10);
    await fresh.stop();
    expect(stored).toEqual(cached);
    expect(stored[0]?.dataText).toBe('{"q":"it\\"s {x}\\\\","n":null}');
    expect(stored[1]?.dataBinary).toEqual(Buffer.from([0, 1, 255]));
  });

  test('answers a duplicate with its first position, alone and among new events', async () => {
    await topics.ensure('dup');
    const [first] = await log.append({ topic: 'dup', events: [event('same')] });

    const [again] = await log.append({ topic: 'dup', events: [event('same')] });
    const mixed = await log.append({
      topic: 'dup',
      events: [event('new-1'), event('same'), event('new-1')],
    });

    expect(again).toEqual({ ...first, duplicate: true });
    expect(mixed[0]?.duplicate).toBe(false);
    expect(mixed[1]).toEqual({ ...first, duplicate: true });
    expect(mixed[2]).toEqual({ ...mixed[0], duplicate: true });
  });

  test('lets exactly one of many appends with one expected version win', async () => {
    await topics.ensure('race');

    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) =>
        log.append({
          topic: 'race',
          streamId: 'race-1',
          expectedVersion: 0,
          events: [event(`race-${index}`)],
        }),
      ),
    );

    const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(losers).toHaveLength(63);
    expect(
      losers.every(
        (loser) =>
          isEngineError(loser.reason, 'version-conflict') &&
          loser.reason.details['currentVersion'] === 1,
      ),
    ).toBe(true);
  });

  test('isolates an event the database refuses; its neighbours are stored', async () => {
    await topics.ensure('poison');

    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        log.append({
          topic: 'poison',
          events: [event(`p${index}`, { dataText: index === 7 ? '{broken' : '{}' })],
        }),
      ),
    );

    expect(
      outcomes.map((outcome) => outcome.status).filter((status) => status === 'rejected'),
    ).toHaveLength(1);
    expect(outcomes[7]).toMatchObject({ status: 'rejected', reason: { code: 'invalid-request' } });
  });

  test('refuses beyond the bounded buffer of a topic and takes events again once it has drained', async () => {
    await topics.put(
      'small',
      {
        partitions: 1,
        retention: { maxAgeMs: null, maxBytes: null },
        durability: 'durable',
        onInvalid: 'reject',
        maxBuffered: 5,
      },
      'test',
    );

    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        log.append({ topic: 'small', events: [event(`small-${index}`)] }),
      ),
    );
    const after = await log.append({ topic: 'small', events: [event('small-after')] });

    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(5);
    expect(outcomes[9]).toMatchObject({ status: 'rejected', reason: { code: 'topic-full' } });
    expect(after[0]?.offset).toBe(5);
  });

  test('reads from disk no more than the bytes asked for, and always one event', async () => {
    await topics.ensure('large');
    const from = log.tailPosition();
    const dataText = JSON.stringify({ fill: 'y'.repeat(100_000) });
    await log.append({
      topic: 'large',
      events: Array.from({ length: 20 }, (_, index) => event(`large-${index}`, { dataText })),
    });

    const fresh = await openLog();
    const some = await fresh.readAfter(from, 500, 350_000);
    const one = await fresh.readAfter(from, 500, 1);
    await fresh.stop();

    expect(some).toHaveLength(4);
    expect(one).toHaveLength(1);
  });

  test('two writers of one database never skip, repeat or reorder a position', async () => {
    await topics.ensure('two');
    const other = await openLog();
    const from = log.tailPosition();

    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? log : other).append({
          topic: 'two',
          events: [event(`two-${index}`, { subject: `k${index % 5}` })],
        }),
      ),
    );

    const fresh = await openLog();
    const stored = await fresh.readAfter(from, 500);
    await Promise.all([other.stop(), fresh.stop()]);
    expect(stored.map((record) => record.position)).toEqual(
      Array.from({ length: 100 }, (_, index) => from + 1 + index),
    );
    expectDensePartitions(stored);
  });
});

type ModelCommand =
  | { kind: 'append'; ids: number[]; subject: number | null }
  | { kind: 'stream'; ids: number[]; stream: number; expected: ExpectedVersion }
  | { kind: 'restart' };

const commands = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        ids: fc.array(fc.nat(60), { minLength: 1, maxLength: 5 }),
        subject: fc.option(fc.nat(3)),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('stream' as const),
        ids: fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }),
        stream: fc.nat(2),
        expected: fc.oneof(
          fc.nat(6),
          fc.constantFrom('any' as const, 'noStream' as const, 'streamExists' as const),
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { maxLength: 25 },
);

test('behaves as a small model does under appends, duplicates, expected versions and restarts', async () => {
  await topics.ensure('model');
  let round = 0;
  const runs = Number(process.env['WEIR_MODEL_RUNS'] ?? 40);

  await fc.assert(
    fc.asyncProperty(commands, async (steps: ModelCommand[]) => {
      round += 1;
      const name = (id: number | string) => `${round}:${id}`;
      let subject = await openLog();
      const from = subject.tailPosition();
      const stored = new Map<string, number>();
      const versions = new Map<string, number>();
      for (const step of steps) {
        if (step.kind === 'restart') {
          await subject.stop();
          subject = await openLog();
          continue;
        }
        const ids = [...new Set(step.ids)].map(name);
        const fresh = ids.filter((id) => !stored.has(id));
        if (step.kind === 'append') {
          const receipts = await subject.append({
            topic: 'model',
            events: ids.map((id) =>
              event(id, { subject: step.subject === null ? null : name(step.subject) }),
            ),
          });
          for (const receipt of receipts) {
            expect(receipt.duplicate).toBe(stored.has(receipt.id));
            if (receipt.duplicate) expect(receipt.position).toBe(stored.get(receipt.id));
            stored.set(receipt.id, receipt.position);
          }
          continue;
        }
        const streamId = name(`s-${step.stream}`);
        const version = versions.get(streamId) ?? 0;
        const conditional = step.expected !== 'any';
        const partial = conditional && fresh.length > 0 && fresh.length < ids.length;
        const wanted = step.expected === 'noStream' ? 0 : step.expected;
        const conflict =
          conditional &&
          fresh.length > 0 &&
          (wanted === 'streamExists' ? version === 0 : wanted !== version);
        const outcome = await subject
          .append({
            topic: 'model',
            streamId,
            expectedVersion: step.expected,
            events: ids.map((id) => event(id)),
          })
          .catch((error: unknown) => error);
        if (partial) expect(isEngineError(outcome, 'invalid-request')).toBe(true);
        else if (conflict) expect(isEngineError(outcome, 'version-conflict')).toBe(true);
        else {
          expect(Array.isArray(outcome)).toBe(true);
          if (!Array.isArray(outcome)) throw new Error('unreachable');
          let next = version;
          for (const receipt of outcome) {
            if (stored.has(receipt.id)) expect(receipt.position).toBe(stored.get(receipt.id));
            else {
              next += 1;
              expect(receipt.version).toBe(next);
              stored.set(receipt.id, receipt.position);
            }
          }
          versions.set(streamId, next);
        }
      }
      await subject.stop();
      const reader = await openLog();
      const records = await reader.readAfter(from, 500);
      await reader.stop();
      expect(records.map((record) => record.position)).toEqual(
        records.map((_, index) => from + 1 + index),
      );
      expect(new Map(records.map((record) => [record.id, record.position]))).toEqual(stored);
      expectDensePartitions(records);
    }),
    { numRuns: runs },
  );
}, 120_000);

function expectDensePartitions(records: readonly LogRecord[]): void {
  const next = new Map<number, number>();
  let recordedAt = '';
  for (const record of records) {
    const expected = next.get(record.partition) ?? record.offset;
    expect(record.offset).toBe(expected);
    next.set(record.partition, record.offset + 1);
    expect(record.recordedAt >= recordedAt).toBe(true);
    recordedAt = record.recordedAt;
  }
}
