const SAMPLES_MAX = 60;
/** Beyond this the clocks differ or the tab slept; it is not a latency. */
const PLAUSIBLE_MAX_MS = 60_000;
const SHARE = 0.95;

/** p95 of the latest measurements. */
export class LatencyWindow {
  readonly #samples: number[] = [];

  /** Adds a measurement and answers with the p95, null while there is none. Implausible ones are left out. */
  add(ms: number): number | null {
    if (ms >= 0 && ms <= PLAUSIBLE_MAX_MS) {
      this.#samples.push(ms);
      if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    }
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * SHARE) - 1] ?? null;
  }
}
