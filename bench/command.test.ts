import { expect, test } from 'vitest';
import { parseCommand } from './command.ts';

test('measures HTTP when nothing is asked for, and the server of an address alone', () => {
  expect(parseCommand([])).toEqual({ type: 'http', url: undefined });
  expect(parseCommand(['http://127.0.0.1:3000'])).toEqual({
    type: 'http',
    url: 'http://127.0.0.1:3000',
  });
});

test('takes lists of systems whose names hold commas', () => {
  const command = parseCommand(['peers', '--systems', 'weir; raw pg, COPY', '--quick']);

  expect(command).toMatchObject({ type: 'peers', systems: ['weir', 'raw pg, COPY'], runs: 1 });
});

test('grows up to the size asked for', () => {
  expect(parseCommand(['growth', '--to', '100000'])).toMatchObject({ sizes: [10_000, 100_000] });
});

test('refuses what it does not know', () => {
  expect(() => parseCommand(['peer'])).toThrow('peer');
  expect(() => parseCommand(['peers', '--run', '1'])).toThrow('--run');
});
