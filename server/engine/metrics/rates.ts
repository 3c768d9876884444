import { LatencyHistogram } from './latencies.ts';

/** Rates in memory look back this far; older seconds are in the database. */
export const RATE_WINDOW_SECONDS = 60;
const SECOND_SLOTS = RATE_WINDOW_SECONDS + 4;
const LATENCY_SLOT_SECONDS = 5;
const LATENCY_SLOTS = RATE_WINDOW_SECONDS / LATENCY_SLOT_SECONDS + 1;

/**
 * How much happened in each of the last 60 seconds: a ring whose slots remember which second they hold, so that nothing
 * has to turn it. Seconds are whole seconds since the epoch.
 */
export class SecondCounts {
  readonly #counts = new Float64Array(SECOND_SLOTS);
  readonly #seconds = new Float64Array(SECOND_SLOTS).fill(-1);

  add(second: number, count: number): void {
    const slot = second % SECOND_SLOTS;
    if (this.#seconds[slot] === second) {
      this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
      return;
    }
    this.#seconds[slot] = second;
    this.#counts[slot] = count;
  }

  at(second: number): number {
    const slot = second % SECOND_SLOTS;
    return this.#seconds[slot] === second ? (this.#counts[slot] ?? 0) : 0;
  }

  /** The sum of the `seconds` seconds that end with `last`, which is included. */
  sum(last: number, seconds: number): number {
    let sum = 0;
    for (let second = last - seconds + 1; second <= last; second += 1) sum += this.at(second);
    return sum;
  }
}

/** Latencies of the last 60 seconds in slots of five: a window is up to five seconds longer than asked for. */
export class RecentLatencies {
  readonly #slots: LatencyHistogram[] = [];
  readonly #starts: number[] = [];

  record(second: number, durationMs: number): void {
    const start = second - (second % LATENCY_SLOT_SECONDS);
    const slot = (start / LATENCY_SLOT_SECONDS) % LATENCY_SLOTS;
    const histogram = (this.#slots[slot] ??= new LatencyHistogram());
    if (this.#starts[slot] !== start) {
      this.#starts[slot] = start;
      histogram.reset();
    }
    histogram.record(durationMs);
  }

  /** Adds what was recorded in the `seconds` seconds that end with `last` to `into`. */
  collect(last: number, seconds: number, into: LatencyHistogram): void {
    const first = last - seconds + 1;
    for (const [slot, histogram] of this.#slots.entries()) {
      const start = this.#starts[slot];
      if (histogram === undefined || start === undefined) continue;
      if (start + LATENCY_SLOT_SECONDS > first && start <= last) into.add(histogram);
    }
  }
}
