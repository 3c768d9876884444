import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.ts';

const settings = { failures: 3, windowMs: 1_000, openMs: 500 };
const closed = { state: 'closed', sinceMs: 0, held: false } as const;

/** A breaker and the clock it looks at. */
function make(state: BreakerState = closed) {
  const time = { wallMs: 0, monotonicMs: 0 };
  const clock = { now: () => time.wallMs, monotonicMs: () => time.monotonicMs };
  const breaker = new CircuitBreaker(settings, state, clock);
  const at = (ms: number) => {
    Object.assign(time, { wallMs: ms, monotonicMs: ms });
    return breaker;
  };
  return { breaker, time, at };
}

describe('CircuitBreaker', () => {
  test('opens at enough failures in the window, tries one, and closes when it succeeds', () => {
    const { breaker, at } = make();
    expect(at(10).failed(1)).toBe(null);
    expect(at(20).failed(1)).toBe(null);
    expect(at(30).failed(1)).toBe('opened');
    expect(breaker.limit(16)).toBe(0);
    expect(at(529).tick()).toBe(null);
    expect(at(530).tick()).toBe('half-opened');
    expect(breaker.limit(16)).toBe(1);
    expect(at(540).succeeded(4)).toBe('closed');
    expect(breaker.limit(16)).toBe(16);
  });

  test('a failed trial opens it again', () => {
    const { breaker, at } = make();
    for (const ms of [1, 2, 3]) at(ms).failed(1);
    at(600).tick();
    expect(at(610).failed(2)).toBe('opened');
    expect(breaker.halfOpensInMs).toBe(500);
  });

  test('a wall clock that is set neither keeps it open nor opens it early', () => {
    for (const jumpMs of [-3_600_000, 3_600_000]) {
      const { breaker, time } = make();
      for (let i = 0; i < 3; i += 1) breaker.failed(1);
      time.wallMs += jumpMs;
      time.monotonicMs += 499;
      expect(breaker.tick()).toBe(null);
      time.monotonicMs += 1;
      expect(breaker.tick()).toBe('half-opened');
    }
  });

  test('open since a time that is still to come, as an earlier process saw it, it waits no longer than usual', () => {
    expect(make({ state: 'open', sinceMs: 3_600_000, held: false }).breaker.halfOpensInMs).toBe(
      500,
    );
    expect(make({ state: 'open', sinceMs: -200, held: false }).breaker.halfOpensInMs).toBe(300);
    expect(make({ state: 'open', sinceMs: -9_000, held: false }).breaker.halfOpensInMs).toBe(0);
  });

  test('failures spread over more than the window, retries, and a small share of failures leave it closed', () => {
    const slow = make();
    for (let i = 0; i < 20; i += 1) expect(slow.at(i * 600).failed(1)).toBe(null);
    const retries = make();
    for (let i = 0; i < 20; i += 1) expect(retries.at(i).failed(2)).toBe(null);
    const busy = make();
    for (let i = 0; i < 100; i += 1) {
      for (let ok = 0; ok < 19; ok += 1) busy.at(i).succeeded(1);
      expect(busy.at(i).failed(1)).toBe(null);
    }
  });

  test('opened by hand it stays open until closed by hand', () => {
    const { breaker, at } = make();
    expect(at(5).set('open')).toBe('opened');
    expect(breaker.halfOpensInMs).toBe(null);
    expect(at(1e9).tick()).toBe(null);
    expect(breaker.set('open')).toBe(null);
    expect(breaker.set('closed')).toBe('closed');
  });

  test('never allows a delivery while open, nor two while half-open', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('ok', 'fail', 'tick'), fc.nat(400)));
    fc.assert(
      fc.property(events, (list) => {
        const { breaker, at } = make();
        let now = 0;
        for (const [what, passed] of list) {
          now += passed;
          at(now);
          if (what === 'tick') breaker.tick();
          else if (breaker.limit(8) > 0) {
            if (what === 'ok') breaker.succeeded(1);
            else breaker.failed(1);
          }
          const allowed = { closed: 8, open: 0, 'half-open': 1 }[breaker.state.state];
          expect(breaker.limit(8)).toBe(allowed);
        }
      }),
    );
  });
});
