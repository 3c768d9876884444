import { type StoredEvent } from '#contracts/event.ts';
import {
  type BreakerSettings,
  type RetryPolicySettings,
  type SubscriptionFilter,
} from '#contracts/subscription.ts';
import { type Logger } from '../logger.ts';

/** SQL inside the handler's own transaction (effectively-once: commits together with the mark that the event was processed). */
export type HandlerTransaction = {
  query(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount: number }>;
};

/** What a handler publishes: Weir fills id, source, time, correlation and causation. */
export type OutgoingEvent = {
  readonly type: string;
  readonly data?: unknown;
  readonly subject?: string;
  readonly id?: string;
  readonly partitionkey?: string;
  readonly time?: string;
  readonly extensions?: Readonly<Record<string, string | number | boolean>>;
};

/**
 * Everything a handler may do to the outside goes through here, so that a rehearsal can capture it and a replay is reproducible.
 * `publish` is held back until the handler has succeeded; ids are derived from the cause, so a redelivery publishes the same events again
 * and the log stores them once.
 */
export type HandlerContext = {
  readonly subscription: string;
  /** 1 at the first delivery. */
  readonly attempt: number;
  readonly replay?: { readonly operationId: string };
  readonly redrive?: { readonly operationId: string };
  readonly tx: HandlerTransaction;
  publish(topic: string, event: OutgoingEvent): void;
  /** Appends to a stream when the handler has succeeded; versions are assigned by the log. Without a topic it is the stream's category. */
  append(streamId: string, event: OutgoingEvent, topic?: string): void;
  http(url: string, init?: RequestInit): Promise<Response>;
  readonly clock: { now(): Date; sleep(ms: number): Promise<void> };
  random(): number;
  readonly log: Logger;
  /** Aborts when the attempt has run out of time or the server stops. */
  readonly signal: AbortSignal;
};

export type ConsumerDefinition = {
  /** Also the name of the subscription. */
  readonly name: string;
  readonly description: string;
  /** Stamped on every attempt; raise it when the code changes. */
  readonly version: string;
  readonly filter: SubscriptionFilter;
  /** `queue`: consumers of all processes compete, without order; nothing is replayed. Default `stream`. */
  readonly mode?: 'stream' | 'queue';
  readonly guarantee?: 'at-most-once' | 'at-least-once' | 'effectively-once';
  readonly concurrency?: number;
  readonly maxInFlight?: number;
  readonly retry?: Partial<RetryPolicySettings>;
  readonly onFailure?: 'block' | 'park-key' | 'skip';
  readonly breaker?: Partial<BreakerSettings>;
  readonly start?: 'earliest' | 'latest';
  /** One attempt may take this long; default 15 s. */
  readonly timeoutMs?: number;
  handle(event: StoredEvent, ctx: HandlerContext): Promise<void> | void;
};

/** Declares a consumer. The definition is data: nothing runs until a broker is given it. */
export function defineConsumer(definition: ConsumerDefinition): ConsumerDefinition {
  return definition;
}

/** Thrown by a handler for an event that no retry can cure: it becomes a dead letter at once. */
export class NonRetryableError extends Error {
  readonly retryable = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NonRetryableError';
  }
}
