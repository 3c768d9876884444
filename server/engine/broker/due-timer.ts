const MAX_TIMER_MS = 60_000;
/** Timers may fire a little early, and Postgres's clock decides what is due. */
const SLACK_MS = 2;

/** Rings once, at the earliest of the times it was set to. */
export class DueTimer {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  inMs(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#atMs = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      Math.min(MAX_TIMER_MS, Math.max(0, delayMs) + SLACK_MS),
    );
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
