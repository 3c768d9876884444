import { LatencyHistogram } from '../metrics/latencies.ts';
import { RATE_WINDOW_SECONDS, RecentLatencies, SecondCounts } from '../metrics/rates.ts';

/** publish: producer → topic · deliver: topic → subscription · emit: subscription → topic. */
export type TrafficKind = 'publish' | 'deliver' | 'emit';

/** What crossed one edge since the counts were last taken. */
export type EdgeCounts = {
  readonly kind: TrafficKind;
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly errors: number;
  readonly p95Ms: number | null;
};

/** What crossed one edge in a window. `spark` is the rate of each of the last 60 whole seconds, oldest first. */
export type EdgeWindow = {
  readonly kind: TrafficKind;
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly errors: number;
  readonly rate: number;
  readonly latencies: LatencyHistogram | null;
  readonly lastSeenMs: number;
  readonly spark: readonly number[];
};

/** One edge of the measured graph. Recording allocates nothing after the first second of five. */
export class TrafficEdge {
  readonly kind: TrafficKind;
  readonly source: string;
  readonly target: string;
  lastSeenMs = 0;
  readonly #counts = new SecondCounts();
  #errors: SecondCounts | null = null;
  #recent: RecentLatencies | null = null;
  #taken: LatencyHistogram | null = null;
  #takenCount = 0;
  #takenErrors = 0;

  constructor(kind: TrafficKind, source: string, target: string) {
    this.kind = kind;
    this.source = source;
    this.target = target;
  }

  add(nowMs: number, count: number): void {
    this.#counts.add(Math.floor(nowMs / 1_000), count);
    this.#takenCount += count;
    this.lastSeenMs = nowMs;
  }

  addError(nowMs: number): void {
    this.#errors ??= new SecondCounts();
    this.#errors.add(Math.floor(nowMs / 1_000), 1);
    this.#takenErrors += 1;
  }

  addLatency(nowMs: number, durationMs: number): void {
    this.#recent ??= new RecentLatencies();
    this.#taken ??= new LatencyHistogram();
    this.#recent.record(Math.floor(nowMs / 1_000), durationMs);
    this.#taken.record(durationMs);
  }

  /** The counts since the last call; null when there was nothing. */
  take(): EdgeCounts | null {
    if (this.#takenCount === 0) return null;
    const counts: EdgeCounts = {
      kind: this.kind,
      source: this.source,
      target: this.target,
      count: this.#takenCount,
      errors: this.#takenErrors,
      p95Ms: this.#taken?.percentile(0.95) ?? null,
    };
    this.#takenCount = 0;
    this.#takenErrors = 0;
    this.#taken?.reset();
    return counts;
  }

  window(nowMs: number, seconds: number): EdgeWindow {
    const second = Math.floor(nowMs / 1_000);
    const count = this.#counts.sum(second, seconds);
    const latencies = this.#recent === null ? null : new LatencyHistogram();
    if (latencies !== null) this.#recent?.collect(second, seconds, latencies);
    return {
      kind: this.kind,
      source: this.source,
      target: this.target,
      count,
      errors: this.#errors?.sum(second, seconds) ?? 0,
      rate: count / coveredSeconds(nowMs, seconds),
      latencies,
      lastSeenMs: this.lastSeenMs,
      spark: this.#spark(second),
    };
  }

  #spark(second: number): number[] {
    const spark: number[] = [];
    for (let ago = RATE_WINDOW_SECONDS; ago > 0; ago -= 1)
      spark.push(this.#counts.at(second - ago));
    return spark;
  }
}

/** A window ends in the running second, of which only a part has passed. */
export function coveredSeconds(nowMs: number, seconds: number): number {
  return Math.max(seconds - 1 + (nowMs % 1_000) / 1_000, 0.25);
}
