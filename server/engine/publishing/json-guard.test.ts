import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEngineError } from '../errors.ts';
import { JsonScan, jsonFaultError } from './json-guard.ts';

const MAX_DEPTH = 256;
const faultOf = (text: string) => new JsonScan(text, MAX_DEPTH).fault?.kind ?? null;
const fieldOf = (text: string) => {
  const { fault } = new JsonScan(text, MAX_DEPTH);
  return fault === null
    ? null
    : jsonFaultError(text, fault, { maxDepth: MAX_DEPTH }).details['field'];
};

/** All strings within a value, member names included. */
function* stringsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) {
      yield name;
      yield* stringsOf(member);
    }
}

describe('JsonScan', () => {
  it('refuses exactly the values with a NUL or half a surrogate pair', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);

        const storable = stringsOf(value).every(
          (string) => string.isWellFormed() && !string.includes('\u0000'),
        );

        expect(faultOf(text) === null).toBe(storable);
      }),
    );
  });

  it('finds the text of data whatever stands around it', () => {
    const name = fc.string().filter((each) => each !== 'data' && each !== '__proto__');
    const members = fc.uniqueArray(fc.tuple(name, fc.jsonValue()), { selector: ([key]) => key });
    fc.assert(
      fc.property(members, members, fc.jsonValue(), (before, after, data) => {
        const envelope = Object.fromEntries([...before, ['data', data], ...after]);
        const text = JSON.stringify(envelope, null, 1);

        const [span] = new JsonScan(text, MAX_DEPTH, 1).dataSpans;

        const escaped = Object.keys(envelope).some((key) => JSON.stringify(key).includes('\\'));
        if (escaped) expect(span).toBeNull();
        else expect(text.slice(span?.start, span?.end).trim()).toBe(indentedText(data));
      }),
    );
  });

  it('finds the text of data of every event in a batch', () => {
    const text = '[{"type":"a","data":{"data":1}},{"type":"b"},{"data" : [1, 2] ,"data":3}]';

    const spans = new JsonScan(text, MAX_DEPTH, 2).dataSpans;

    const texts = spans.map((span) => span && text.slice(span.start, span.end));
    expect(texts).toEqual(['{"data":1}', null, '3']);
  });

  it('never throws on text that is no JSON', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void faultOf(text)));
    const piece = fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '\\u', '1e', 'data');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => void new JsonScan(pieces.join(''), MAX_DEPTH, 1)),
    );
  });

  it.each([
    ['deep lists', '['.repeat(10_000), 'depth'],
    ['deep objects', '{"a":'.repeat(10_000), 'depth'],
    ['brackets in strings', JSON.stringify('['.repeat(10_000)), null],
    ['as deep as allowed', `${'['.repeat(256)}${']'.repeat(256)}`, null],
    ['an escaped NUL', '"\\u0000"', 'nul'],
    ['a NUL hidden by a repeated member', '{"a":"\\u0000","a":1}', 'nul'],
    ['an escaped backslash before u0000', '"\\\\u0000"', null],
    ['a whole pair', '"\\ud83d\\ude00"', null],
    ['half a pair at the end', '"\\ud83d"', 'surrogate'],
    ['two first halves', '"\\ud83d\\ud83d\\ude00"', 'surrogate'],
    ['a second half alone', '"\\ude00"', 'surrogate'],
    ['a number beyond a double', '[1e999]', 'number'],
    ['a long number beyond a double', `[${'9'.repeat(400)}]`, 'number'],
    ['a small number', '[1e-999, -0, 1E5, 12345678901234567890]', null],
  ])('judges %s', (_, text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it('names the path of what it refuses', () => {
    expect(fieldOf('{"a":{"b":[0,{"c,]":"\\u0000"}]}}')).toBe('a.b[1].c,]');
    expect(fieldOf('{"a":1,"b\\u0000":1}')).toBe('a');
    expect(fieldOf('[1,[2,"\\ud800"]]')).toBe('[1][1]');
  });

  it('says it as an invalid request', () => {
    const error = jsonFaultError(
      '"\\u0000"',
      { kind: 'nul', index: 1 },
      { root: 'data', maxDepth: 1 },
    );

    expect(isEngineError(error, 'invalid-request')).toBe(true);
    expect(error.details).toEqual({ field: 'data' });
  });
});

/** A member's text as JSON.stringify writes it one level down. */
function indentedText(value: unknown): string {
  const inObject = JSON.stringify({ data: value }, null, 1);
  return inObject.slice('{\n "data": '.length, -'\n}'.length);
}
