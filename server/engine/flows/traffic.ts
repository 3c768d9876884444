/**
 * Counts traffic as it happens, in memory; the sampler takes the counts once a second. Called on hot paths: no allocation
 * per event beyond the first sight of an edge. Bounded: beyond MAX_EDGES new producers are counted as "(other)".
 */
export type Traffic = {
  /** `count` events of `source` were logged to `topic`. */
  published(source: string, topic: string, count: number): void;
  /** A subscription finished an attempt at an event of `topic`. `sinceRecordedMs`: recorded → handled, null when redelivered. */
  delivered(attempt: {
    readonly subscription: string;
    readonly topic: string;
    readonly outcome: 'handled' | 'failed' | 'dead';
    readonly durationMs: number;
    readonly sinceRecordedMs: number | null;
  }): void;
  /** A handler's publish was logged. */
  emitted(subscription: string, topic: string, count: number): void;
};
