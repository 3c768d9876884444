import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NonRetryableError } from './consumer-definition.ts';
import { failureOf } from './failure.ts';
import { causeOf, normaliseMessage } from './fingerprint.ts';

describe('failureOf', () => {
  test('describes whatever was thrown in text that Postgres can hold', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const failure = failureOf(thrown);
        expect(failure.errorClass).not.toBe('');
        expect(failure.message.includes('\u0000')).toBe(false);
        expect(failure.message.isWellFormed()).toBe(true);
      }),
    );
  });

  test('survives values that refuse to be looked at', () => {
    const hostile = new Proxy(
      {},
      { get: () => expect.unreachable(), ownKeys: () => expect.unreachable() },
    );
    expect(failureOf(hostile).errorClass).toBe('Unprintable');
  });

  test('knows what must not be retried', () => {
    expect(failureOf(new NonRetryableError('no')).retryable).toBe(false);
    expect(failureOf(Object.assign(new Error('no'), { retryable: false })).retryable).toBe(false);
    expect(failureOf(new TypeError('yes'))).toMatchObject({
      errorClass: 'TypeError',
      retryable: true,
    });
  });
});

describe('causeOf', () => {
  test('what differs from event to event does not make another cause', () => {
    const messages = [
      'order 17 of "ann" (3f2504e0-4f89-11d3-9a0c-0305e82c3301) failed after 3.5 s',
      'order 9999 of "bob" (9b2504e0-4f89-11d3-9a0c-0305e82c33ff) failed after 12 s',
    ];
    expect(new Set(messages.map(normaliseMessage)).size).toBe(1);
    const [one, two] = messages.map((message) =>
      causeOf('s', { errorClass: 'E', message, stack: null, retryable: true }),
    );
    expect(one?.fingerprint).toBe(two?.fingerprint);
    const other = causeOf('t', {
      errorClass: 'E',
      message: messages[0] ?? '',
      stack: null,
      retryable: true,
    });
    expect(other.fingerprint).not.toBe(one?.fingerprint);
  });

  test('the top frame is the first outside this engine and its libraries', () => {
    const stack = [
      'Error: no',
      '    at wrap (/app/server/engine/delivery/handler-executor.ts:10:5)',
      '    at charge (/app/shop/payments.ts:42:11)',
    ].join('\n');
    const cause = causeOf('s', { errorClass: 'E', message: 'no', stack, retryable: true });
    expect(cause.topFrame).toBe('charge (/app/shop/payments.ts:42:11)');
  });
});
