import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

const settings = { failures: 3, windowMs: 1_000, openMs: 500 };
const closed = { state: 'closed', sinceMs: 0, held: false } as const;
const make = () => new CircuitBreaker(settings, closed);

describe('CircuitBreaker', () => {
  test('opens at enough failures in the window, tries one, and closes when it succeeds', () => {
    const breaker = make();
    expect(breaker.failed(1, 10)).toBe(null);
    expect(breaker.failed(1, 20)).toBe(null);
    expect(breaker.failed(1, 30)).toBe('opened');
    expect(breaker.limit(16)).toBe(0);
    expect(breaker.tick(529)).toBe(null);
    expect(breaker.tick(530)).toBe('half-opened');
    expect(breaker.limit(16)).toBe(1);
    expect(breaker.succeeded(4, 540)).toBe('closed');
    expect(breaker.limit(16)).toBe(16);
  });

  test('a failed trial opens it again', () => {
    const breaker = make();
    for (const at of [1, 2, 3]) breaker.failed(1, at);
    breaker.tick(600);
    expect(breaker.failed(2, 610)).toBe('opened');
    expect(breaker.halfOpensAtMs).toBe(1_110);
  });

  test('failures spread over more than the window, retries, and a small share of failures leave it closed', () => {
    const breaker = make();
    for (let i = 0; i < 20; i += 1) expect(breaker.failed(1, i * 600)).toBe(null);
    const retries = make();
    for (let i = 0; i < 20; i += 1) expect(retries.failed(2, i)).toBe(null);
    const busy = make();
    for (let i = 0; i < 100; i += 1) {
      for (let ok = 0; ok < 19; ok += 1) busy.succeeded(1, i);
      expect(busy.failed(1, i)).toBe(null);
    }
  });

  test('opened by hand it stays open until closed by hand', () => {
    const breaker = make();
    expect(breaker.set('open', 5)).toBe('opened');
    expect(breaker.halfOpensAtMs).toBe(null);
    expect(breaker.tick(1e9)).toBe(null);
    expect(breaker.set('open', 6)).toBe(null);
    expect(breaker.set('closed', 7)).toBe('closed');
  });

  test('never allows a delivery while open, nor two while half-open', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('ok', 'fail', 'tick'), fc.nat(400)));
    fc.assert(
      fc.property(events, (list) => {
        const breaker = make();
        let now = 0;
        for (const [what, passed] of list) {
          now += passed;
          if (what === 'tick') breaker.tick(now);
          else if (breaker.limit(8) > 0) {
            if (what === 'ok') breaker.succeeded(1, now);
            else breaker.failed(1, now);
          }
          const allowed = { closed: 8, open: 0, 'half-open': 1 }[breaker.state.state];
          expect(breaker.limit(8)).toBe(allowed);
        }
      }),
    );
  });
});
