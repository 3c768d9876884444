/** Durations up to this are in the first bucket. */
const FIRST_BOUND_MS = 0.1;
/** Buckets per doubling: a percentile is at most 9 % off before interpolation. */
const BUCKETS_PER_OCTAVE = 4;
/** The last bucket begins near 25 minutes; anything longer is in it. */
const BUCKETS = 96;

/**
 * Counts durations in fixed buckets on a log scale: constant memory, no allocation per record, and two of them can be
 * added. Percentiles are interpolated inside their bucket.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #sumMs = 0;

  get total(): number {
    return this.#total;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  record(durationMs: number): void {
    const index = bucketOf(durationMs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
    this.#sumMs += durationMs > 0 ? durationMs : 0;
  }

  add(other: LatencyHistogram): void {
    for (let i = 0; i < BUCKETS; i += 1) {
      this.#counts[i] = (this.#counts[i] ?? 0) + (other.#counts[i] ?? 0);
    }
    this.#total += other.#total;
    this.#sumMs += other.#sumMs;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#sumMs = 0;
  }

  /** The duration that `share` (0 to 1) of the records do not exceed; null without records. */
  percentile(share: number): number | null {
    if (this.#total === 0) return null;
    const rank = share * this.#total;
    let below = 0;
    for (let i = 0; i < BUCKETS; i += 1) {
      const count = this.#counts[i] ?? 0;
      if (count > 0 && below + count >= rank) {
        const lower = i === 0 ? 0 : upperBoundMs(i - 1);
        return lower + ((rank - below) / count) * (upperBoundMs(i) - lower);
      }
      below += count;
    }
    return upperBoundMs(BUCKETS - 1);
  }

  /** How many records are at or below each whole octave's upper bound, cumulative, for a Prometheus histogram. */
  octaves(): readonly { readonly upToMs: number; readonly count: number }[] {
    const octaves: { upToMs: number; count: number }[] = [];
    let count = 0;
    for (let i = 0; i < BUCKETS; i += 1) {
      count += this.#counts[i] ?? 0;
      if (i % BUCKETS_PER_OCTAVE === 0) octaves.push({ upToMs: upperBoundMs(i), count });
    }
    return octaves;
  }
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > FIRST_BOUND_MS)) return 0;
  const index = Math.ceil(Math.log2(durationMs / FIRST_BOUND_MS) * BUCKETS_PER_OCTAVE);
  return Math.min(index, BUCKETS - 1);
}

function upperBoundMs(index: number): number {
  return FIRST_BOUND_MS * 2 ** (index / BUCKETS_PER_OCTAVE);
}
