import { describe, expect, it } from 'vitest';
import { isAllowedHandshake } from './origin-rules.ts';

const local = { allowedHosts: [] };

describe('isAllowedHandshake', () => {
  it.each([
    ['127.0.0.1:3000', undefined],
    ['127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['localhost:3000', 'http://127.0.0.1:3000'],
    ['[::1]:3000', 'http://localhost:3000'],
  ])('lets %s in from %s', (host, origin) => {
    expect(isAllowedHandshake({ host, origin }, local)).toBe(true);
  });

  it.each([
    ['127.0.0.1:3000', 'http://evil.example'],
    ['127.0.0.1:3000', 'null'],
    ['127.0.0.1:3000', ''],
    ['127.0.0.1:3000', 'http://127.0.0.1:4000'],
    ['127.0.0.1:3000', 'http://127.0.0.1:3000.evil.example'],
    ['127.0.0.1:3000', 'http://localhost.evil.example:3000'],
    ['rebound.example:3000', 'http://rebound.example:3000'],
    ['rebound.example:3000', undefined],
    [undefined, undefined],
    ['', 'http://localhost:3000'],
  ])('refuses %s from %s', (host, origin) => {
    expect(isAllowedHandshake({ host, origin }, local)).toBe(false);
  });

  it('takes a name it was told of, from its own pages only', () => {
    const rules = { allowedHosts: ['weir.example'] };

    expect(
      isAllowedHandshake({ host: 'weir.example', origin: 'https://weir.example' }, rules),
    ).toBe(true);
    expect(isAllowedHandshake({ host: 'weir.example', origin: 'http://localhost' }, rules)).toBe(
      false,
    );
  });
});
