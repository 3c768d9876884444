import { type ClaimedRetry, type RetryKind } from '#server/storage/retry-rows.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Failure } from './failure.ts';

/** The lease under which an event was taken from the log. */
export type Lease = {
  /** The claim of a range that it is, in a queue; else it is that of the whole partition. */
  readonly claimId: number | null;
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: number;
  /** Another process has it: whatever is still in hand must not be counted. */
  readonly lost: boolean;
  /** A claim that was stored as done and is gone, with events of it still in hand: nobody else can get those. */
  readonly isComplete: boolean;
};

/** One event on its way to one subscription. */
export type Delivery = {
  readonly record: LogRecord;
  /** The lease of the partition or range whose progress waits for it; null for retries and redeliveries, which move no offset. */
  readonly lease: Lease | null;
  readonly kind: RetryKind;
  /** 1 at the first try. */
  readonly attempt: number;
  readonly operationId: string | null;
  /** JSON text instead of the event's own payload. */
  readonly dataText: string | null;
  /** Perhaps what killed the process before: its attempt is recorded before it is made. Never what is handed out at most once. */
  readonly careful: boolean;
  /** The row of it that this process holds. */
  retry: ClaimedRetry | null;
};

export type Outcome =
  | { readonly type: 'handled' }
  | { readonly type: 'failed'; readonly failure: Failure; readonly delayMs?: number | undefined }
  /** Was not tried: nobody took it, the server stops, or the lease of its partition is lost. */
  | { readonly type: 'returned'; readonly lost?: boolean };

export const HANDLED: Outcome = { type: 'handled' };
export const RETURNED: Outcome = { type: 'returned' };

/** Whoever handles deliveries: a handler in this process, or receivers that pull. */
export type Executor = {
  /** How many more it takes at this moment, given how many it holds. */
  free(): number;
  /** Never rejects. Answers at once when the work is done at once. */
  run(delivery: Delivery): Outcome | Promise<Outcome>;
  /** The outcome of a delivery was stored (or, for a success that needs no row, counted), or (false) came to nothing. */
  settled(delivery: Delivery, isStored: boolean): void;
  /** Asks all work in hand to end soon; what has not been tried is returned. */
  cancel(): void;
};
