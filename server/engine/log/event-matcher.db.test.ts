import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventFilterSchema } from '#contracts/event.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { eventMatcher } from './event-matcher.ts';
import { type LogRecord } from './event-record.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const DOCUMENTS = [
  '{"total":120.50,"note":"hello world","tags":["a","b"],"flag":true,"nothing":null,"b c":{"d":1}}',
  '{"total":"120.5","tags":"a","items":[{"sku":"x","n":2},{"sku":"y","n":-3.7}],"flag":false}',
  '{"total":[1,200,[300]],"items":[],"note":"line one\\nline two","nested":{"a":{"b":[{"c":5}]}}}',
  '{"total":0.1,"tax":0.2,"big":9007199254740993,"long":123456789012345678901234567890.5,"exp":1e3}',
  '{"total":1e400,"note":"Ünïcode 😀","__proto__":{"x":1},"items":[[{"sku":"z"}]]}',
  '{"total":null,"items":{"sku":"x"},"note":"","tags":[null,1,"a",true,{},[]]}',
  '[{"total":5},{"total":500},7]',
  '"text"',
  '42',
  'true',
  'null',
  '[]',
  '{}',
  '{"note":"nul \\u0000"}',
  '{"note":"half \\ud800"}',
  '{"note":"\\ud83d\\ude00 \\\\u0000","total":7}',
  '{"total":-0,"zero":0,"items":[1,2,3,4,5],"note":"100%"}',
  '{"total":1,"total":999}',
];

const PREDICATES = [
  '$.total > 100',
  '$.total == 120.5',
  '$.total != null',
  '$.total == null',
  '$.total <= 0',
  'strict $.total > 100',
  'strict $.total[*] > 100',
  'lax $.total[1] == 200',
  '$.total[last][0] == 300',
  '$.tags[*] == "a"',
  '$.tags == "a"',
  'strict $.tags == "a"',
  '$.tags.size() == 2',
  '$.tags.type() == "array"',
  '$.tags[*].type() == "null"',
  '$.items[*].sku == "x"',
  '$.items.sku == "x"',
  '$.items.sku == "z"',
  '$.items[0].n * 2 == 4',
  '$.items[*] ? (@.n > 1).sku == "x"',
  'exists($.items[*] ? (@.n < 0))',
  'exists($.missing)',
  '!exists($.missing)',
  'strict exists($.missing)',
  '($.total > 1) is unknown',
  '$."b c".d == 1',
  '$.* == true',
  '$.*.d == 1',
  '$.nested.a.b[*].c == 5',
  '$.nested.*.b.c > 4 && $.total == 1',
  '$.total > 100 || $.flag == true',
  '!($.total > 100)',
  '!($.missing > 1)',
  '$.flag',
  '$.missing',
  '$.nothing',
  '$.note starts with "hello"',
  '$.note like_regex "^hel+o"',
  '$.note like_regex "WORLD$" flag "i"',
  '$.note like_regex "^line two" flag "m"',
  '$.note like_regex "one.line" flag "s"',
  '$.note like_regex "one.line"',
  '$.note like_regex "100%" flag "q"',
  '$.note like_regex "[^a-z ]"',
  '$.note like_regex "(l|o){2}"',
  '$.note like_regex "\\\\d{2,}"',
  '$.note like_regex "a*?"',
  '$.note like_regex "^$"',
  '$.note == "Ünïcode 😀"',
  '$.note > "Z"',
  '$.note == "\\ud83d\\ude00 \\\\u0000"',
  '$.total + $.tax == 0.3',
  '$.total - 0.1 == 0',
  '$.big == 9007199254740993',
  '$.big == 9007199254740992',
  '$.long > 123456789012345678901234567890',
  '$.exp == 1000',
  '$.total > 1e300',
  '$.total / 2 == 60.25',
  '$.total % 7 == 1.5',
  '$.total / 0 == 1',
  '($.total / 0 == 1) is unknown',
  '-$.total < -100',
  '$.total.double() > 100',
  '$.total.floor() == 120',
  '$.total.ceiling() == 121',
  '$.items[*].n.abs() == 3.7',
  '$.note.double() > 1',
  '$.items[0 to 1].n > 0',
  '$.items[1 to last] == 5',
  '$.items[last - 1] == 4',
  '$.items[9] == 1',
  'strict $.items[9] == 1',
  '$.items[1.9] == 2',
  '$.items[0, 2] == 3',
  '$[*].total > 100',
  '$.total > 4',
  '$ == "text"',
  '$ == 42',
  '$ == true',
  '$ == null',
  '$[0] == 42',
  '$.size() == 1',
  '$.type() == "object"',
  '($.total > 1).type() == "boolean"',
  '$.zero == $.total',
  '$.total == $.total',
  '$.items[*].n > $.items[*].n',
  '$.flag == true && ($.total > 1 || $.note starts with "h")',
  '$.total <> 1',
  '1 == 1',
  '2 > 1 && "a" < "b"',
  '$.items ? (@.size() > 3).size() == 1',
  '$ ? (@.total > 100)',
  '$.items[*] ? (exists(@.sku) && @.n > 0).n == 2',
  '$."__proto__".x == 1',
  '$.toString == 1',
  '$.items[*].*  == "y"',
  '$.tags[*] ? (@ == null) == null',
  '$.tags[*] > 0',
  '$.total.type() == "number"',
  'exists($.note.double())',
  '(exists($.note.double())) is unknown',
];

const PATHOLOGICAL = [
  '$.a >',
  'total > 1',
  '$..a',
  '$.a = = 1',
  '$.a == 01',
  '$.a && 1',
  '!$.a',
  '@ == 1',
  'last == 1',
  '$.a[',
  '($.a > 1) == true',
  '$.a == "x',
  '$.a like_regex "("',
];

const filterBy = (where: string) => eventFilterSchema.parse({ where });

const record = (dataText: string): LogRecord => ({
  position: 1,
  topicId: 1,
  topic: 'orders',
  partition: 0,
  offset: 0,
  streamId: null,
  version: null,
  recordedAt: '2026-01-01T00:00:00.000Z',
  time: '2026-01-01T00:00:00.000Z',
  id: 'a',
  source: 's',
  type: 't',
  subject: null,
  key: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText,
  dataBinary: null,
});

const ASK = `SELECT CASE WHEN pg_input_is_valid(d.document, 'jsonb') THEN coalesce(d.document::jsonb @@ $2::jsonpath, false) ELSE false END AS matches
    FROM unnest($1::text[]) WITH ORDINALITY AS d(document, place) ORDER BY d.place`;

describe('where, in memory and in Postgres', () => {
  it.each(PREDICATES)('agree on %s', async (where) => {
    const { rows } = await db.database.pool.query<{ matches: boolean }>(ASK, [DOCUMENTS, where]);
    const inPostgres = DOCUMENTS.filter((_document, index) => rows[index]?.matches);

    const matches = eventMatcher(filterBy(where));

    expect(DOCUMENTS.filter((document) => matches(record(document)))).toEqual(inPostgres);
  });

  it.each(PATHOLOGICAL)('both refuse %s', async (where) => {
    await expect(db.database.pool.query('SELECT $1::jsonpath', [where])).rejects.toThrow();
    expect(() => eventMatcher(filterBy(where))).toThrow(/where/);
  });

  it.each(['$.**.a == 1', '$.a.datetime() > 1', '$.a like_regex "(?=x)"', '$a == 1'])(
    'says that %s is not supported in memory',
    (where) => {
      expect(() => eventMatcher(filterBy(where))).toThrow(/where/);
    },
  );
});
