import {
  type HandlerContext,
  type HandlerTransaction,
  type OutgoingEvent,
} from '../broker/consumer-definition.ts';
import { type Delivery } from '../broker/delivery.ts';
import { type Clock, type Random } from '../clock.ts';
import { EngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';

/** More than this from one event is taken for a loop in the handler. */
const MAX_OUTGOING = 1_000;

/** What a handler published, held back until it has succeeded. */
export type Effect = {
  readonly topic: string | null;
  readonly streamId: string | null;
  readonly event: OutgoingEvent;
};

export type EffectsDependencies = {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

/** The one way from a handler to the outside; one per attempt. What it captures is given to whoever completes the attempt. */
export class HandlerEffects implements HandlerContext {
  readonly subscription: string;
  readonly attempt: number;
  readonly replay?: { readonly operationId: string };
  readonly redrive?: { readonly operationId: string };
  readonly tx: HandlerTransaction;
  readonly captured: Effect[] = [];
  readonly #deps: EffectsDependencies;
  #abort: AbortController | undefined;
  #log: Logger | undefined;

  constructor(
    subscription: string,
    delivery: Delivery,
    deps: EffectsDependencies & { readonly tx: HandlerTransaction },
  ) {
    this.subscription = subscription;
    this.attempt = delivery.attempt;
    this.tx = deps.tx;
    this.#deps = deps;
    if (delivery.operationId === null) return;
    const mark = { operationId: delivery.operationId };
    if (delivery.kind === 'replay') this.replay = mark;
    else if (delivery.kind === 'redrive') this.redrive = mark;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  get log(): Logger {
    this.#log ??= this.#deps.logger;
    return this.#log;
  }

  get clock(): HandlerContext['clock'] {
    const { clock } = this.#deps;
    return {
      now: () => new Date(clock.now()),
      sleep: (ms) => clock.sleep(ms, this.signal),
    };
  }

  random(): number {
    return this.#deps.random();
  }

  publish(topic: string, event: OutgoingEvent): void {
    this.#capture({ topic, streamId: null, event });
  }

  append(streamId: string, event: OutgoingEvent, topic?: string): void {
    this.#capture({ topic: topic ?? null, streamId, event });
  }

  http(url: string, init?: RequestInit): Promise<Response> {
    const signals = init?.signal ? [init.signal, this.signal] : [this.signal];
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  }

  /** Tells the handler that its time is over. */
  abort(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  #capture(effect: Effect): void {
    if (this.captured.length >= MAX_OUTGOING) {
      throw new EngineError(
        'invalid-request',
        `A handler may publish at most ${MAX_OUTGOING} events for one event.`,
      );
    }
    this.captured.push(effect);
  }
}

/**
 * The attributes of a captured event: its id is derived from its cause, so that a redelivery publishes the same events and the log
 * stores them once.
 */
export function attributesOf(
  effect: Effect,
  cause: LogRecord,
  origin: { readonly subscription: string; readonly index: number },
): Record<string, unknown> {
  const { event } = effect;
  const attributes: Record<string, unknown> = {
    ...event.extensions,
    id: event.id ?? `${cause.id}:${origin.subscription}:${origin.index}`,
    source: origin.subscription,
    type: event.type,
    correlationid: cause.correlationId ?? cause.id,
    causationid: cause.id,
  };
  if (event.subject !== undefined) attributes['subject'] = event.subject;
  if (event.time !== undefined) attributes['time'] = event.time;
  if (event.partitionkey !== undefined) attributes['partitionkey'] = event.partitionkey;
  return attributes;
}
