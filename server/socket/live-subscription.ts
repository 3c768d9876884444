import { type LogRecord } from '#server/engine/log/event-record.ts';
import { type FrameBatcher } from './frame-batcher.ts';
import { type LiveFrame, type LiveItem } from './live-item.ts';

/** A feed that moved on without a match says so this often, so that a reconnect has little to look through again. */
const PROGRESS_EVERY_MS = 5_000;

type LiveSubscriptionOptions = {
  readonly id: string;
  readonly query: string;
  readonly matches: (record: LogRecord) => boolean;
  readonly batcher: FrameBatcher<LiveItem>;
  readonly onReady: () => void;
  readonly nowMs: number;
};

/**
 * One `subscribe` of one client.
 *
 *   catching-up ── its reading has come as far as the shared reader ──► live ──► closed
 *
 * While catching up it reads pages of its own; once live the shared reader offers it every record.
 */
export class LiveSubscription {
  readonly id: string;
  /** The filter as JSON: the same text is the same question. */
  readonly query: string;
  readonly matches: (record: LogRecord) => boolean;
  readonly batcher: FrameBatcher<LiveItem>;
  /** Told when there may be something to send. */
  readonly onReady: () => void;
  state: 'catching-up' | 'live' | 'closed' = 'catching-up';
  #sentTo: number;
  #sentMs: number;

  constructor(options: LiveSubscriptionOptions) {
    this.id = options.id;
    this.query = options.query;
    this.matches = options.matches;
    this.batcher = options.batcher;
    this.onReady = options.onReady;
    this.#sentTo = options.batcher.readTo;
    this.#sentMs = options.nowMs;
  }

  /** What the next frame would be made of is there. */
  hasFrame(nowMs: number): boolean {
    return !this.batcher.isEmpty || this.#isProgressDue(nowMs);
  }

  takeFrame(nowMs: number): LiveFrame | null {
    const wasCatchingUp = this.state === 'catching-up';
    const batch =
      this.batcher.take() ??
      (this.#isProgressDue(nowMs)
        ? { items: [], position: this.batcher.readTo, dropped: 0 }
        : null);
    if (batch === null) return null;
    this.#sentTo = batch.position;
    this.#sentMs = nowMs;
    return {
      id: this.id,
      items: batch.items,
      position: batch.position,
      ...(batch.dropped > 0 ? { sampled: true, dropped: batch.dropped } : {}),
      ...(wasCatchingUp ? { catchingUp: true } : {}),
    };
  }

  #isProgressDue(nowMs: number): boolean {
    return this.batcher.readTo > this.#sentTo && nowMs - this.#sentMs >= PROGRESS_EVERY_MS;
  }
}
