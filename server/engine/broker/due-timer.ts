import { type Clock } from '../clock.ts';

const MAX_TIMER_MS = 60_000;
/** Timers may fire a little early, and Postgres's clock decides what is due. */
const SLACK_MS = 2;

/** Rings once, at the earliest of the times it was set to. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  inMs(delayMs: number): void {
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    const afterMs = Math.min(MAX_TIMER_MS, Math.max(0, delayMs) + SLACK_MS);
    this.#cancel = this.#clock.after(afterMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
