import { type Clock } from '../clock.ts';
import { LatencyHistogram } from './latencies.ts';
import { RecentLatencies, SecondCounts } from './rates.ts';

/** Rates shown beside a consumer look back this far. */
const RATE_SECONDS = 10;

export type AttemptOutcome = 'handled' | 'failed' | 'dead';

/** What one consumer did since the sample before. */
export type ConsumerSecond = {
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
};

export type ConsumerRates = {
  readonly handledPerSecond: number;
  readonly failedPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
};

/** Counts one consumer's attempts in memory. A dead letter counts as failed as well. Latencies are those of successes. */
export class ConsumerMeter {
  readonly #clock: Clock;
  readonly #handledRate = new SecondCounts();
  readonly #failedRate = new SecondCounts();
  readonly #recent = new RecentLatencies();
  readonly #latencies = new LatencyHistogram();
  #handled = 0;
  #failed = 0;
  #dead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(outcome: AttemptOutcome, durationMs: number): void {
    const second = this.#second();
    if (outcome === 'handled') {
      this.#handled += 1;
      this.#handledRate.add(second, 1);
      this.#latencies.record(durationMs);
      this.#recent.record(second, durationMs);
      return;
    }
    this.#failed += 1;
    this.#failedRate.add(second, 1);
    if (outcome === 'dead') this.#dead += 1;
  }

  /** Only the sampler calls it. */
  take(): ConsumerSecond {
    const taken = {
      handled: this.#handled,
      failed: this.#failed,
      dead: this.#dead,
      ...percentilesOf(this.#latencies),
    };
    this.#handled = 0;
    this.#failed = 0;
    this.#dead = 0;
    this.#latencies.reset();
    return taken;
  }

  /** Over the last ten whole seconds. */
  rates(): ConsumerRates {
    const last = this.#second() - 1;
    const latencies = new LatencyHistogram();
    this.#recent.collect(last + 1, RATE_SECONDS, latencies);
    return {
      handledPerSecond: this.#handledRate.sum(last, RATE_SECONDS) / RATE_SECONDS,
      failedPerSecond: this.#failedRate.sum(last, RATE_SECONDS) / RATE_SECONDS,
      ...percentilesOf(latencies),
    };
  }

  #second(): number {
    return Math.floor(this.#clock.now() / 1_000);
  }
}

const percentilesOf = (latencies: LatencyHistogram) => ({
  p50Ms: latencies.percentile(0.5),
  p95Ms: latencies.percentile(0.95),
  p99Ms: latencies.percentile(0.99),
});
