import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventQuery, eventQuerySchema } from '#contracts/event.ts';
import { openTestLog, type TestLog } from '#server/testing/insert-events.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { type EventReader } from '../engine-parts.ts';
import { createEventReader } from './event-reader.ts';

let db: TestDatabase;
let testLog: TestLog;
let reader: EventReader;

const MINUTE_MS = 60_000;
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');
const at = (minute: number) => new Date(START_MS + minute * MINUTE_MS).toISOString();
const query = (fields: object): EventQuery => eventQuerySchema.parse(fields);
const idsOf = async (fields: object) =>
  (await reader.query(query(fields))).items.map((item) => item.id);

beforeAll(async () => {
  db = await createTestDatabase();
  testLog = await openTestLog(db.database, ['orders', 'payments', '$system']);
  reader = createEventReader({ database: db.database, topics: testLog.topics, log: testLog.log });
  await testLog.insert([
    {
      id: 'a',
      type: 'order.placed',
      stream: 'order-1',
      correlationId: 'c1',
      recordedAt: at(1),
      data: '{"total":120,"items":[{"sku":"x"}]}',
    },
    {
      id: 'b',
      topic: 'payments',
      type: 'payment.taken',
      partition: 2,
      correlationId: 'c1',
      causationId: 'a',
      recordedAt: at(2),
      data: '{"total":20}',
    },
    { id: 'c', topic: '$system', type: 'weir.topic.created', recordedAt: at(3), source: 'weir' },
    {
      id: 'd',
      type: 'order_shipped',
      subject: '100%',
      key: 'k1',
      stream: 'order-1',
      correlationId: 'c1',
      causationId: 'b',
      recordedAt: at(4),
      time: at(40),
      data: '{"note":"nul \\u0000"}',
    },
    {
      id: 'e',
      type: 'orderXshipped',
      source: 'other',
      stream: 'order-2',
      recordedAt: at(4),
      data: '"text"',
    },
    { id: 'f', type: 'lone', recordedAt: at(5), causationId: 'e', data: '{"total":1e2}' },
  ]);
});

afterAll(() => db.drop());

describe('query', () => {
  it('leaves out system topics unless a filter names them', async () => {
    expect(await idsOf({})).toEqual(['a', 'b', 'd', 'e', 'f']);
    expect(await idsOf({ topic: '*' })).toEqual(['a', 'b', 'd', 'e', 'f']);
    expect(await idsOf({ topic: '$*' })).toEqual(['c']);
    expect(await idsOf({ topic: ['payments', '$system'] })).toEqual(['b', 'c']);
    expect(await idsOf({ topic: 'nothing' })).toEqual([]);
  });

  it('walks both ways in pages that neither skip nor repeat', async () => {
    for (const direction of ['forward', 'backward'] as const) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await reader.query(query({ direction, limit: 2, cursor }));
        seen.push(...page.items.map((item) => item.id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      const all = ['a', 'b', 'd', 'e', 'f'];
      expect(seen).toEqual(direction === 'forward' ? all : all.toReversed());
    }
  });

  it('filters by every field, and takes globs literally but for the star', async () => {
    expect(await idsOf({ type: 'order_*' })).toEqual(['d']);
    expect(await idsOf({ type: ['order.placed', '*shipped'] })).toEqual(['a', 'd', 'e']);
    expect(await idsOf({ subject: '100%' })).toEqual(['d']);
    expect(await idsOf({ subject: '10*%' })).toEqual(['d']);
    expect(await idsOf({ source: 'oth*' })).toEqual(['e']);
    expect(await idsOf({ partition: 2 })).toEqual(['b']);
    expect(await idsOf({ topic: 'payments', partition: 2 })).toEqual(['b']);
    expect(await idsOf({ stream: 'order-1', direction: 'backward' })).toEqual(['d', 'a']);
    expect(await idsOf({ correlationId: 'c1' })).toEqual(['a', 'b', 'd']);
    expect(await idsOf({ causationId: 'a' })).toEqual(['b']);
    expect(await idsOf({ key: 'k1' })).toEqual(['d']);
  });

  it('bounds by business time, time of recording and position', async () => {
    expect(await idsOf({ after: at(2), before: at(5) })).toEqual(['b', 'e']);
    expect(await idsOf({ after: at(2), before: at(5), timeField: 'recorded' })).toEqual([
      'b',
      'd',
      'e',
    ]);
    expect(await idsOf({ fromPosition: 2, toPosition: 4 })).toEqual(['b', 'd']);
    expect(await idsOf({ after: '0000-01-01T00:00:00Z' })).toHaveLength(5);
  });

  it('asks predicates of payloads, and payloads that are no jsonb match none', async () => {
    expect(await idsOf({ where: '$.total > 50' })).toEqual(['a', 'f']);
    expect(await idsOf({ where: '$.items[*].sku == "x"' })).toEqual(['a']);
    expect(await idsOf({ where: '$ == "text"' })).toEqual(['e']);
  });

  it.each(['$.total >', 'total', '$x > 1', '$ like_regex "("', '$.a == "\u0000"'])(
    'refuses the predicate %s',
    async (where) => {
      await expect(reader.query(query({ where }))).rejects.toMatchObject({
        code: 'invalid-request',
        details: { field: 'where' },
      });
    },
  );

  it('refuses a cursor of another query, and garbage', async () => {
    const page = await reader.query(query({ limit: 1 }));
    for (const cursor of ['garbage', page.nextCursor ?? '']) {
      await expect(reader.query(query({ limit: 1, type: 'lone', cursor }))).rejects.toMatchObject({
        code: 'invalid-request',
        details: { field: 'cursor' },
      });
    }
  });
});

describe('other reads', () => {
  it('scans all matches in order', async () => {
    const seen: string[] = [];
    const pages = reader.scan(query({ direction: 'backward' }), new AbortController().signal);
    for await (const page of pages) seen.push(...page.map((record) => record.id));
    expect(seen).toEqual(['f', 'e', 'd', 'b', 'a']);
  });

  it('summarises a range per type', async () => {
    const summary = await reader.summarise({
      fromPosition: 1,
      toPosition: 5,
      filter: { stream: 'order-1' },
    });
    expect(summary).toEqual({
      byType: [
        { type: 'order.placed', count: 1 },
        { type: 'order_shipped', count: 1 },
      ],
      total: 2,
      oldestAt: at(1),
      newestAt: at(4),
    });
  });

  it('finds the first position at or after a time', async () => {
    expect(await reader.positionAt(at(0))).toBe(1);
    expect(await reader.positionAt(at(2))).toBe(2);
    expect(await reader.positionAt(at(3.5))).toBe(4);
    expect(await reader.positionAt(at(9))).toBe(7);
  });

  it('gets an event by id', async () => {
    expect(await reader.get('a')).toMatchObject({
      id: 'a',
      position: 1,
      version: 1,
      topic: 'orders',
    });
    await expect(reader.get('a', 'elsewhere')).rejects.toMatchObject({ code: 'unknown-event' });
  });

  it('shows causes and effects with and without a correlation id', async () => {
    const correlated = await reader.causation('b');
    expect(correlated.events.map((event) => event.id)).toEqual(['a', 'b', 'd']);
    expect(correlated.edges).toEqual([
      { cause: 'a', effect: 'b' },
      { cause: 'b', effect: 'd' },
    ]);
    expect((await reader.causation('e')).edges).toEqual([{ cause: 'e', effect: 'f' }]);
    expect((await reader.causation('f')).edges).toEqual([{ cause: 'e', effect: 'f' }]);
  });

  it('reads a stream as it is and as it was', async () => {
    const page = { direction: 'forward', limit: 10 } as const;
    expect(await reader.stream('order-1', { ...page, limit: 1 })).toMatchObject({
      version: 2,
      nextCursor: '2',
      items: [{ id: 'a', version: 1 }],
    });
    expect(
      (await reader.stream('order-1', { ...page, direction: 'backward' })).items,
    ).toMatchObject([{ id: 'd' }, { id: 'a' }]);
    expect(await reader.stream('order-1', { ...page, atTime: at(10) })).toMatchObject({
      version: 1,
    });
    expect(await reader.stream('order-1', { ...page, atPosition: 0 })).toMatchObject({
      version: 0,
      items: [],
    });
    await expect(reader.stream('nothing', page)).rejects.toMatchObject({ code: 'unknown-stream' });
  });

  it('lists streams by category in pages', async () => {
    const first = await reader.streams({ category: 'order', limit: 1 });
    expect(first.items).toMatchObject([
      { streamId: 'order-1', category: 'order', version: 2, lastPosition: 4 },
    ]);
    const second = await reader.streams({
      category: 'order',
      limit: 1,
      cursor: first.nextCursor ?? '',
    });
    expect(second).toMatchObject({ items: [{ streamId: 'order-2' }], nextCursor: null });
    expect((await reader.streams({ prefix: 'pay', limit: 5 })).items).toEqual([]);
  });
});
