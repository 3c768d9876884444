import { describe, expect, it } from 'vitest';
import { formatQueryText, parseQueryText } from './query-language.ts';

const now = new Date('2026-03-01T12:00:00.000Z');

describe('the query bar', () => {
  it('reads every field at once', () => {
    const { search, problems } = parseQueryText(
      'type:order.* topic:orders,payments stream:order-17 corr:c-1 key:k after:2025-01-01 before:2026-01-01T10:00:00Z data.total > 100',
      now,
    );

    expect(problems).toEqual([]);
    expect(search).toEqual({
      type: ['order.*'],
      topic: ['orders', 'payments'],
      stream: 'order-17',
      correlationId: 'c-1',
      key: 'k',
      after: '2025-01-01T00:00:00.000Z',
      before: '2026-01-01T10:00:00.000Z',
      where: '$.total > 100',
    });
  });

  it('is empty for empty text', () => {
    expect(parseQueryText('   ', now)).toEqual({ search: {}, problems: [] });
  });

  it.each([
    ['data.total>100', '$.total > 100'],
    ['data.status = paid', '$.status == "paid"'],
    ['data.name == "Ann Lee"', '$.name == "Ann Lee"'],
    ['data.items[0].sku != null', '$.items[0].sku != null'],
    ['data.total >= 1.5 data.total < 9', '$.total >= 1.5 && $.total < 9'],
    ['data["odd name"] = 1', '$["odd name"] == 1'],
  ])('turns %s into a predicate', (text, where) => {
    expect(parseQueryText(text, now)).toEqual({ search: { where }, problems: [] });
  });

  it('measures relative times from now', () => {
    expect(parseQueryText('after:-15m', now).search.after).toBe('2026-03-01T11:45:00.000Z');
  });

  it('keeps blanks inside quotes', () => {
    expect(parseQueryText('subject:"a b",c', now).search.subject).toEqual(['a b', 'c']);
  });

  it.each([
    ['topic:a shipped', 8, 15, 'stands alone'],
    ['typ:a', 0, 5, 'not known'],
    ['type:', 0, 5, 'Nothing follows'],
    ['after:yesterday', 0, 15, 'not a time'],
    ['after:25:00', 0, 11, 'not a time'],
    ['partition:x', 0, 11, 'not a partition'],
    ['topic:a data.total >', 8, 20, 'Nothing follows'],
    ['data.total', 0, 10, 'A predicate is'],
  ])('says what is wrong in %s and where', (text, start, end, part) => {
    const { problems } = parseQueryText(text, now);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ start, end });
    expect(problems[0]?.message).toContain(part);
  });

  it('keeps what it understood beside what it did not', () => {
    expect(parseQueryText('topic:a nonsense', now).search).toEqual({ topic: ['a'] });
  });

  it('writes a search that reads back the same', () => {
    const search = {
      type: ['order.*'],
      topic: ['orders', 'a b'],
      stream: 'order-17',
      partition: 3,
      after: '2025-01-01T00:00:00.000Z',
      where: '$.total > 100 && $.status == "paid"',
    };

    expect(parseQueryText(formatQueryText(search), now).search).toEqual(search);
  });
});
