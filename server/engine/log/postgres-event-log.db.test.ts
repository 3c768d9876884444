import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { upsertNode } from '#server/storage/node-rows.ts';
import { selectStream, selectStreams } from '#server/storage/stream-rows.ts';
import { newEvent as event } from '#server/testing/new-event.ts';
import { createTestLogs, type TestLogs } from '#server/testing/test-logs.ts';
import { isEngineError } from '../errors.ts';
import { type ExpectedVersion } from './event-log.ts';
import { type LogRecord } from './event-record.ts';
import { type PostgresEventLog } from './postgres-event-log.ts';
import { type LoadableTopics } from './topics.ts';

let kit: TestLogs;
let log: PostgresEventLog;
let topics: LoadableTopics;

beforeAll(async () => {
  kit = await createTestLogs();
  ({ topics } = kit);
  log = await kit.open();
});
afterAll(() => kit.drop());

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
    const fresh = await kit.open();
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

    const fresh = await kit.open();
    const some = await fresh.readAfter(from, 500, 350_000);
    const one = await fresh.readAfter(from, 500, 1);
    await fresh.stop();

    expect(some).toHaveLength(4);
    expect(one).toHaveLength(1);
  });

  test('tells the other processes what was committed, so that they read on at once', async () => {
    await topics.ensure('told');
    await upsertNode(kit.database.pool, { nodeId: 'node-a', incarnation: randomUUID() });
    await upsertNode(kit.database.pool, { nodeId: 'node-b', incarnation: randomUUID() });
    const [writer, follower] = await Promise.all([kit.open('node-a'), kit.open('node-b')]);
    const reached = (position: number) =>
      new Promise<void>((resolve) => {
        const stop = follower.onTail((tail) => {
          if (tail < position) return;
          stop();
          resolve();
        });
      });

    const started = performance.now();
    for (let round = 0; round < 20; round += 1) {
      const next = reached(writer.tailPosition() + 1);
      await writer.append({ topic: 'told', events: [event(`told-${round}`)] });
      await next;
    }
    const elapsedMs = performance.now() - started;

    expect(follower.tailPosition()).toBe(writer.tailPosition());
    expect(await follower.readAfter(writer.tailPosition() - 20, 50)).toEqual(
      await writer.readAfter(writer.tailPosition() - 20, 50),
    );
    // The backstop alone would take a second for each.
    expect(elapsedMs).toBeLessThan(10_000);
    await Promise.all([writer.stop(), follower.stop()]);
  });

  test('two writers of one database never skip, repeat or reorder a position', async () => {
    await topics.ensure('two');
    const other = await kit.open();
    const from = other.tailPosition();

    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? log : other).append({
          topic: 'two',
          events: [event(`two-${index}`, { subject: `k${index % 5}` })],
        }),
      ),
    );

    const fresh = await kit.open();
    const stored = await fresh.readAfter(from, 500);
    await Promise.all([other.stop(), fresh.stop()]);
    expect(stored.map((record) => record.position)).toEqual(
      Array.from({ length: 100 }, (_, index) => from + 1 + index),
    );
    expectDensePartitions(stored);
  });
});

const MODEL_RUNS = 40;
const MODEL_STEPS = 25;
const FILL_MAX = 260;
const MODEL_EVENTS = MODEL_STEPS * FILL_MAX;

type ModelCommand =
  | { kind: 'append'; ids: number[]; subject: number | null }
  | { kind: 'stream'; ids: number[]; stream: number; expected: ExpectedVersion }
  | { kind: 'fill'; count: number; stream: number; again: boolean }
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
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fill' as const),
        // The row that holds a stream's head ends every 256 versions.
        count: fc.integer({ min: 120, max: FILL_MAX }),
        stream: fc.nat(2),
        again: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { maxLength: MODEL_STEPS },
);

test('behaves as a small model does under appends, duplicates, expected versions and restarts', async () => {
  await topics.ensure('model');
  let round = 0;

  await fc.assert(
    fc.asyncProperty(commands, async (steps: ModelCommand[]) => {
      round += 1;
      const model = new Model(`${round}`, await kit.open());
      const from = model.log.tailPosition();
      for (const step of steps) await model.apply(step);
      await model.log.stop();

      const reader = await kit.open();
      const records = await reader.readAfter(from, MODEL_EVENTS);
      await reader.stop();
      expect(records.map((record) => record.position)).toEqual(
        records.map((_, index) => from + 1 + index),
      );
      expect(new Map(records.map((record) => [record.id, record.position]))).toEqual(model.stored);
      expectDensePartitions(records);
      expect(await headsOf(`${round}:`)).toEqual(model.versions);
    }),
    { numRuns: MODEL_RUNS },
  );
}, 120_000);

/** As they are listed and looked up. */
async function headsOf(prefix: string): Promise<Map<string, number>> {
  const { pool } = kit.database;
  const listed = await selectStreams(pool, { prefix, limit: 10 });
  for (const stream of listed) expect(await selectStream(pool, stream.streamId)).toEqual(stream);
  return new Map(listed.map(({ streamId, version }) => [streamId, version]));
}

/** What the log should hold, in a few maps, and the log itself. */
class Model {
  log: PostgresEventLog;
  readonly stored = new Map<string, number>();
  readonly versions = new Map<string, number>();
  readonly #prefix: string;

  constructor(prefix: string, opened: PostgresEventLog) {
    this.#prefix = prefix;
    this.log = opened;
  }

  async apply(step: ModelCommand): Promise<void> {
    if (step.kind === 'restart') {
      await this.log.stop();
      this.log = await kit.open();
      return;
    }
    if (step.kind === 'fill') return this.#fill(step);
    const ids = [...new Set(step.ids)].map((id) => this.#name(id));
    if (step.kind === 'append') await this.#append(ids, step.subject);
    else await this.#appendToStream(ids, this.#name(`s-${step.stream}`), step.expected);
  }

  async #fill({ count, stream, again }: ModelCommand & { kind: 'fill' }): Promise<void> {
    const size = this.stored.size;
    const ids = Array.from({ length: count }, (_, index) => this.#name(`f-${size + index}`));
    const [known] = this.stored.keys();
    if (again && known !== undefined) ids.push(known);
    await this.#appendToStream(ids, this.#name(`s-${stream}`), 'any');
  }

  #name(id: number | string): string {
    return `${this.#prefix}:${id}`;
  }

  async #append(ids: readonly string[], subject: number | null): Promise<void> {
    const key = subject === null ? null : this.#name(subject);
    const events = ids.map((id) => event(id, { subject: key }));
    for (const receipt of await this.log.append({ topic: 'model', events })) {
      expect(receipt.duplicate).toBe(this.stored.has(receipt.id));
      this.#expectFirstPosition(receipt);
    }
  }

  async #appendToStream(
    ids: readonly string[],
    streamId: string,
    expected: ExpectedVersion,
  ): Promise<void> {
    const version = this.versions.get(streamId) ?? 0;
    const code = this.#refusal(ids, version, expected);
    const answer = this.log.append({
      topic: 'model',
      streamId,
      expectedVersion: expected,
      events: ids.map((id) => event(id)),
    });
    if (code !== null) {
      await expect(answer).rejects.toMatchObject({ code });
      return;
    }
    let next = version;
    for (const receipt of await answer) {
      if (!this.stored.has(receipt.id)) {
        next += 1;
        expect(receipt.version).toBe(next);
      }
      this.#expectFirstPosition(receipt);
    }
    if (next > 0) this.versions.set(streamId, next);
  }

  #refusal(ids: readonly string[], version: number, expected: ExpectedVersion): string | null {
    const fresh = ids.filter((id) => !this.stored.has(id)).length;
    if (expected === 'any' || fresh === 0) return null;
    if (fresh < ids.length) return 'invalid-request';
    if (expected === 'streamExists') return version > 0 ? null : 'version-conflict';
    return (expected === 'noStream' ? 0 : expected) === version ? null : 'version-conflict';
  }

  #expectFirstPosition(receipt: { readonly id: string; readonly position: number }): void {
    expect(receipt.position).toBe(this.stored.get(receipt.id) ?? receipt.position);
    this.stored.set(receipt.id, receipt.position);
  }
}

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
