const LEAST = 20;
const QUICK_MS = 200;
const SLOW_MS = 1_000;

/**
 * How many events a competing consumer claims ahead: few when it is slow, so that others get the rest and little comes again when it dies;
 * twice as many each time a claim was done quickly.
 */
export class PrefetchWindow {
  readonly #least: number;
  readonly #most: number;
  #size: number;

  constructor(bounds: { readonly concurrency: number; readonly maxInFlight: number }) {
    this.#most = Math.max(LEAST, bounds.maxInFlight);
    this.#least = Math.min(this.#most, Math.max(LEAST, bounds.concurrency * 2));
    this.#size = this.#least;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * How many to claim when so many are held: half, so that one claim lies ahead while another is worked on. Who is quick and has run dry
   * takes all at once, since nothing can be claimed while a handler that waits for nothing has the thread.
   */
  batch(held: number): number {
    const isDry = held === 0 && this.#size > this.#least;
    return isDry ? this.#size : Math.ceil(this.#size / 2);
  }

  /** A claim was done this long after it was made. */
  done(afterMs: number): void {
    if (afterMs < QUICK_MS) this.#size = Math.min(this.#most, this.#size * 2);
    else if (afterMs > SLOW_MS) this.#size = Math.max(this.#least, Math.floor(this.#size / 2));
  }
}
