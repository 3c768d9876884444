import { describe, expect, it } from 'vitest';
import { databaseFailure } from './database-failure.ts';

const withCode = (code: string, message = 'no') => Object.assign(new Error(message), { code });

describe('databaseFailure', () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['a broken connection', withCode('ECONNRESET')],
    ['a server shutting down', withCode('57P01')],
    ['a server starting', withCode('57P03')],
    ['a lost link', withCode('08006')],
    ['a statement that took too long', withCode('57014')],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['Prisma without a server', withCode('P1001')],
    ['any of these as a cause', new Error('query failed', { cause: withCode('ECONNREFUSED') })],
  ])('takes %s as unavailable', (_, error) => {
    expect(databaseFailure(error)?.code).toBe('unavailable');
  });

  it('takes refused data as an invalid request', () => {
    expect(databaseFailure(withCode('22P02'))?.code).toBe('invalid-request');
  });

  it('leaves everything else alone', () => {
    expect(databaseFailure(new TypeError('x is not a function'))).toBeNull();
    expect(databaseFailure('text')).toBeNull();
    expect(databaseFailure(withCode('42703'))).toBeNull();
  });

  it('tells of a full disk as what it is', () => {
    expect(databaseFailure(withCode('53100'))).toMatchObject({
      code: 'unavailable',
      message: 'The disk of the database is full; try again.',
    });
  });
});
