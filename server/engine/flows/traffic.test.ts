import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { createTraffic, MAX_EDGES, OTHER } from './traffic.ts';

function manualClock(startMs: number): Clock & { pass(ms: number): void } {
  let nowMs = startMs;
  return {
    ...systemClock,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => Promise.resolve(),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

const START = 1_700_000_000_000;

describe('createTraffic', () => {
  it('counts each edge once for the sampler and keeps the window', () => {
    const clock = manualClock(START);
    const traffic = createTraffic({ clock });
    traffic.published('web', 'orders', 3);
    traffic.emitted('billing', 'invoices', 2);

    const first = traffic.takeSecond();
    const second = traffic.takeSecond();

    expect(first).toEqual([
      { kind: 'publish', source: 'web', target: 'orders', count: 3, errors: 0, p95Ms: null },
      { kind: 'emit', source: 'billing', target: 'invoices', count: 2, errors: 0, p95Ms: null },
    ]);
    expect(second).toEqual([]);
    expect(traffic.window(60).edges.map((edge) => edge.count)).toEqual([3, 2]);
  });

  it('measures errors, attempts and the time from recorded to handled', () => {
    const clock = manualClock(START);
    const traffic = createTraffic({ clock });
    const attempt = { subscription: 'billing', topic: 'orders', durationMs: 10 };
    traffic.delivered({ ...attempt, outcome: 'handled', sinceRecordedMs: 30 });
    traffic.delivered({ ...attempt, outcome: 'failed', sinceRecordedMs: 500 });
    traffic.delivered({ ...attempt, outcome: 'dead', sinceRecordedMs: null });

    const { edges, publishToHandledP95Ms } = traffic.window(10);

    expect(edges[0]).toMatchObject({ kind: 'deliver', source: 'orders', count: 3, errors: 2 });
    expect(edges[0]?.latencies?.percentile(0.5)).toBeCloseTo(10, 0);
    expect(publishToHandledP95Ms).toBeLessThan(33);
    expect(traffic.totals().deliveries.get('billing')).toMatchObject({
      handled: 1,
      failed: 1,
      dead: 1,
    });
  });

  it('gives the rate over the part of the window that has passed', () => {
    const clock = manualClock(START);
    const traffic = createTraffic({ clock });
    for (let second = 0; second < 20; second += 1) {
      traffic.published('web', 'orders', 100);
      clock.pass(1_000);
    }
    clock.pass(-500);

    const [edge] = traffic.window(10).edges;

    expect(edge?.rate).toBeGreaterThan(95);
    expect(edge?.rate).toBeLessThan(110);
    expect(edge?.spark.slice(-5)).toEqual([100, 100, 100, 100, 100]);
  });

  it('counts new producers as others once it knows too many', () => {
    const traffic = createTraffic({ clock: manualClock(START) });
    for (let i = 0; i < MAX_EDGES + 500; i += 1) traffic.published(`producer-${i}`, 'orders', 1);

    const taken = traffic.takeSecond();

    expect(taken).toHaveLength(MAX_EDGES + 1);
    expect(taken.find((edge) => edge.source === OTHER)?.count).toBe(500);
    expect(traffic.totals().published.get('orders')).toBe(MAX_EDGES + 500);
  });

  it('forgets an edge that was quiet for an hour', () => {
    const clock = manualClock(START);
    const traffic = createTraffic({ clock });
    traffic.published('web', 'orders', 1);
    traffic.takeSecond();
    clock.pass(2 * 3_600_000);

    traffic.takeSecond();

    expect(traffic.window(60).edges).toEqual([]);
  });
});
