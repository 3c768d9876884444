import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Measure, parameter, percentile, sleep } from '../measure.ts';
import { missingFrom, NumberSet } from '../number-set.ts';
import { benchData, type OpenSystem } from '../system.ts';

// Longer than any system's slowest poll: what has not come by then, with everything idle, does not come.
const QUIET_MS = 4_000;
const WAIT_AT_MOST_MS = 10_000;
const SEND_LATE_AT_MOST_MS = 5_000;
const LOOK_EVERY_MS = 20;
const PRIME_WITHIN_MS = 6_000;
const IN_FLIGHT_AT_MOST = 5_000;
const TIMER_MS = 1.5;
const MARKER = -1;

type Delivery = {
  readonly arrivedMs: Map<number, number>;
  readonly seen: NumberSet;
  lastMs: number;
};

/**
 * From the moment an event was due to be published until its handler runs, at a fixed rate that does not wait for slow answers.
 * Events that never arrive are counted, and so are those that were still on their way at the end.
 */
export const measureLatency: Measure = async (context) => {
  const { append, consume } = context.system;
  if (append === undefined || consume === undefined) return null;
  const rate = parameter(context, 'rate');
  const total = rate * parameter(context, 'seconds');
  const delivery = await follow(consume, append);
  const acknowledged: number[] = [];
  const startMs = performance.now() + LOOK_EVERY_MS;
  const dueMs = (n: number) => startMs + (n * 1_000) / rate;
  const deadlineMs = dueMs(total) + SEND_LATE_AT_MOST_MS;
  const inFlight = new Set<Promise<void>>();
  // More than a system takes: what it answers with an error is not published.
  let refused = 0;
  for (let n = 0; n < total && performance.now() < deadlineMs; ) {
    while (n < total && dueMs(n) <= performance.now() && inFlight.size < IN_FLIGHT_AT_MOST) {
      const number = n;
      const send = async () => {
        try {
          await append(benchData(number), number);
          acknowledged.push(number);
        } catch {
          refused += 1;
        }
      };
      const sending = send().finally(() => inFlight.delete(sending));
      inFlight.add(sending);
      n += 1;
    }
    await untilDue(dueMs(n), 1_000 / rate);
  }
  await Promise.all(inFlight);
  await untilQuiet(delivery, acknowledged.length);
  await delivery.stop();
  const latencies = [...delivery.arrivedMs]
    .map(([n, atMs]) => atMs - dueMs(n))
    .toSorted((a, b) => a - b);
  return {
    value: percentile(latencies, 0.5),
    extra: {
      p99Ms: percentile(latencies, 0.99),
      maxMs: latencies.at(-1) ?? Number.NaN,
      published: acknowledged.length,
      unsent: total - acknowledged.length - refused,
      refused,
      ...account(delivery, acknowledged),
    },
  };
};

/** A timer is up to a millisecond late: the last one of a wait is spent turning, unless events are due more often than that. */
async function untilDue(atMs: number, intervalMs: number): Promise<void> {
  const waitMs = atMs - performance.now();
  if (intervalMs < TIMER_MS || waitMs > TIMER_MS) await sleep(Math.max(1, waitMs - TIMER_MS));
  else await nextTurn();
}

/** Writers as fast as they can while a consumer follows: events per second delivered, and what the consumer never got. */
export const measureFollow: Measure = async (context) => {
  const { append, consume } = context.system;
  if (append === undefined || consume === undefined) return null;
  const delivery = await follow(consume, append);
  const acknowledged: number[] = [];
  const untilMs = performance.now() + parameter(context, 'seconds') * 1_000;
  let next = 0;
  const write = async (writer: number) => {
    while (performance.now() < untilMs) {
      const n = next;
      next += 1;
      await append(benchData(n), writer);
      acknowledged.push(n);
    }
  };
  const startedMs = performance.now();
  const writers = parameter(context, 'writers');
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  await untilQuiet(delivery, acknowledged.length);
  await delivery.stop();
  return {
    value: (delivery.seen.distinct * 1_000) / Math.max(1, delivery.lastMs - startedMs),
    extra: { published: acknowledged.length, ...account(delivery, acknowledged) },
  };
};

/** Subscribes and publishes a marker: what is measured is a consumer that is awake. */
async function follow(
  consume: NonNullable<OpenSystem['consume']>,
  append: NonNullable<OpenSystem['append']>,
) {
  const delivery: Delivery = { arrivedMs: new Map(), seen: new NumberSet(), lastMs: 0 };
  const consumer = await consume((n) => {
    delivery.lastMs = performance.now();
    if (delivery.seen.add(n)) delivery.arrivedMs.set(n, delivery.lastMs);
  });
  await append({ ...benchData(0), n: MARKER }, 0);
  const deadlineMs = performance.now() + PRIME_WITHIN_MS;
  while (delivery.lastMs === 0 && performance.now() < deadlineMs) await sleep(LOOK_EVERY_MS);
  return Object.assign(delivery, { stop: () => consumer.stop() });
}

async function untilQuiet(delivery: Delivery, wanted: number): Promise<void> {
  const startedMs = performance.now();
  while (delivery.seen.distinct < wanted) {
    const nowMs = performance.now();
    if (nowMs - startedMs > WAIT_AT_MOST_MS) return;
    if (nowMs - Math.max(startedMs, delivery.lastMs) > QUIET_MS) return;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Missing after everything was quiet: lost. Missing while things still arrived: late. */
function account(delivery: Delivery, acknowledged: readonly number[]) {
  const missing = missingFrom(delivery.seen, acknowledged);
  const isQuiet = performance.now() - delivery.lastMs > QUIET_MS;
  return {
    lost: isQuiet ? missing : 0,
    late: isQuiet ? 0 : missing,
    duplicates: delivery.seen.repeated,
  };
}
