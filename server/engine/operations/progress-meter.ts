import { type Clock } from '../clock.ts';
import { SecondCounts } from '../metrics/rates.ts';

const WINDOW_SECONDS = 5;
const SHORTEST_SPAN_SECONDS = 0.25;

/** How fast something has really gone over the last few seconds. */
export class ProgressMeter {
  readonly #counts = new SecondCounts();
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  add(count: number): void {
    this.#counts.add(Math.floor(this.#clock.now() / 1_000), count);
  }

  perSecond(): number {
    const now = this.#clock.now() / 1_000;
    const second = Math.floor(now);
    const windowStart = second - (WINDOW_SECONDS - 1);
    const span = now - Math.max(windowStart, this.#startedAt / 1_000);
    const sum = this.#counts.sum(second, WINDOW_SECONDS);
    return sum / Math.max(span, SHORTEST_SPAN_SECONDS);
  }
}
