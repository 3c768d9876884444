import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import { checkEnvelope } from './envelope.ts';
import { normaliseTime } from './event-time.ts';
import { topicOfStream, topicOfType } from './topic-routing.ts';
import { uuidV7 } from './uuid-v7.ts';

const refusedField = (attributes: Record<string, unknown>, prefix = '') => {
  try {
    checkEnvelope(attributes, prefix);
    return null;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    expect(error.code).toBe('invalid-request');
    return error.details['field'];
  }
};

describe('checkEnvelope', () => {
  it.each<[string, Record<string, unknown>, string | null]>([
    ['the least there is', { type: 'a' }, null],
    ['no type', {}, 'type'],
    ['an empty type', { type: '' }, 'type'],
    ['a type that is no string', { type: 1 }, 'type'],
    ['an id that is too long', { type: 'a', id: 'x'.repeat(1_025) }, 'id'],
    ['an id as long as allowed', { type: 'a', id: 'x'.repeat(1_024) }, null],
    ['an empty source', { type: 'a', source: '' }, 'source'],
    ['an empty subject', { type: 'a', subject: '' }, 'subject'],
    ['another version', { type: 'a', specversion: '0.3' }, 'specversion'],
    ['a time that is none', { type: 'a', time: 'yesterday' }, 'time'],
    ['a NUL', { type: 'a\u0000' }, 'type'],
    ['half a surrogate pair', { type: 'a', subject: '\ud800' }, 'subject'],
    ['a name of Weir', { type: 'a', topic: 'x' }, 'topic'],
    ['recordedAt', { type: 'a', recordedAt: 'x' }, 'recordedAt'],
    ['a name in capitals', { type: 'a', correlationId: 'x' }, 'correlationId'],
    ['an object as extension', { type: 'a', meta: {} }, 'meta'],
    ['a list as extension', { type: 'a', tags: [] }, 'tags'],
    ['a number without end', { type: 'a', weight: Number.POSITIVE_INFINITY }, 'weight'],
    ['constructor as extension', { type: 'a', constructor: 'x' }, null],
    ['null as not given', { type: 'a', subject: null, meta: null }, null],
    ['data of any kind', { type: 'a', data: { deep: [] }, data_base64: 'x' }, null],
  ])('judges %s', (_, attributes, field) => {
    expect(refusedField(attributes)).toBe(field);
  });

  it('does not let __proto__ through', () => {
    const attributes: Record<string, unknown> = JSON.parse(
      '{"type":"a","__proto__":{"polluted":true}}',
    );

    expect(refusedField(attributes)).toBe('__proto__');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('names the event in a batch', () => {
    expect(refusedField({ type: 1 }, 'events[3].')).toBe('events[3].type');
  });

  it('keeps extensions and what is read beside them as sent', () => {
    const envelope = checkEnvelope(
      { type: 'a', partitionkey: 'k', traceparent: '00-1', sampled: true, weight: 2.5, note: '' },
      '',
    );

    expect(envelope.partitionKey).toBe('k');
    expect(envelope.extensions).toEqual({
      partitionkey: 'k',
      traceparent: '00-1',
      sampled: true,
      weight: 2.5,
      note: '',
    });
  });

  it('either accepts or names a field, whatever it is given', () => {
    const attributes = fc.dictionary(fc.string(), fc.anything({ maxDepth: 2 }));
    fc.assert(
      fc.property(attributes, (given) => {
        const field = refusedField({ type: 'a', ...given });
        expect(field === null || typeof field === 'string').toBe(true);
      }),
    );
  });
});

describe('normaliseTime', () => {
  it('keeps every instant that is written as the API writes it', () => {
    const instant = fc.date({
      min: new Date('0001-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, (date) => {
        expect(normaliseTime(date.toISOString())).toBe(date.toISOString());
      }),
    );
  });

  it.each([
    ['2026-03-05T08:30:00Z', '2026-03-05T08:30:00.000Z'],
    ['2026-03-05t10:30:00.123456789+02:00', '2026-03-05T08:30:00.123Z'],
    ['2026-03-05 08:30:00z', '2026-03-05T08:30:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-02-29T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['2026-01-01T24:00:00Z', null],
    ['2026-01-01T00:00:00', null],
    ['2026-01-01', null],
    ['0000-01-01T00:00:00Z', null],
    ['0001-01-01T00:00:00+01:00', null],
    ['9999-12-31T23:59:59-01:00', null],
    ['+012026-01-01T00:00:00Z', null],
    ['', null],
  ])('reads %s as %s', (text, expected) => {
    expect(normaliseTime(text)).toBe(expected);
  });
});

describe('topic routing', () => {
  it.each([
    ['order.placed', 'order'],
    ['com.github.push', 'github'],
    ['com.acme', 'com'],
    ['tick', 'tick'],
    ['$system.x', 'system'],
    ['ü', 'events'],
  ])('sends %s to %s', (type, topic) => {
    expect(topicOfType(type)).toBe(topic);
  });

  it.each([
    ['account-1-2', 'account'],
    ['account', 'account'],
    ['-x', 'x'],
  ])('sends the stream %s to %s', (stream, topic) => {
    expect(topicOfStream(stream)).toBe(topic);
  });
});

describe('uuidV7', () => {
  it('sorts by time and carries version and variant', () => {
    const ids = [1, 2_000_000_000_000, 2_000_000_000_001].map(uuidV7);

    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(Array.from({ length: 2_000 }, () => uuidV7(1))).size).toBe(2_000);
  });
});
