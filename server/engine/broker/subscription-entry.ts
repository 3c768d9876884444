import { type SubscriptionRow } from '#server/storage/subscription-rows.ts';
import { type PullExecutor } from '../delivery/pull.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type ConsumerMeter } from '../metrics/consumer-meter.ts';
import { type CircuitBreaker } from './circuit-breaker.ts';
import { type ConsumerDefinition } from './consumer-definition.ts';
import { type SubscriptionRunner } from './runner.ts';

/** One subscription as this process knows it. */
export class SubscriptionEntry {
  row: SubscriptionRow;
  matches: (record: LogRecord) => boolean;
  breaker: CircuitBreaker;
  readonly meter: ConsumerMeter;
  definition: ConsumerDefinition | null = null;
  runner: SubscriptionRunner | null = null;
  pull: PullExecutor | null = null;
  /** When a receiver asked here for the last time, in monotonic time. */
  receivedMs = Number.NEGATIVE_INFINITY;
  /** Its offsets are about to be moved by hand: nobody may have a partition of it. */
  isHeld = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly row: SubscriptionRow;
    readonly matches: (record: LogRecord) => boolean;
    readonly breaker: CircuitBreaker;
    readonly meter: ConsumerMeter;
  }) {
    this.row = parts.row;
    this.matches = parts.matches;
    this.breaker = parts.breaker;
    this.meter = parts.meter;
  }

  /** Changes of one subscription come one after the other. */
  exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
