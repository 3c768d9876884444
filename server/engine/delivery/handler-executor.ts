import { type StoredEvent } from '#contracts/event.ts';
import { type Fault } from '#contracts/scenario.ts';
import { type OutboxRow } from '#server/storage/outbox-rows.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type BrokerStatements, type BrokerStore } from '../broker/broker-store.ts';
import { type ConsumerDefinition, type HandlerTransaction } from '../broker/consumer-definition.ts';
import {
  type Delivery,
  type Executor,
  HANDLED,
  type Outcome,
  RETURNED,
} from '../broker/delivery.ts';
import { failureOf } from '../broker/failure.ts';
import { injectedFailure } from '../broker/fault-injection.ts';
import { fenceOf } from '../broker/settlement.ts';
import { type Publisher } from '../engine-parts.ts';
import { EngineError, isEngineError } from '../errors.ts';
import { type Traffic } from '../flows/traffic.ts';
import { toStoredEvent } from '../log/event-record.ts';
import { topicOfStream } from '../publishing/topic-routing.ts';
import { attributesOf, type Effect, type EffectsDependencies, HandlerEffects } from './effects.ts';

export const HANDLER_TIMEOUT_MS = 15_000;
/** A transaction waits for its handler. When it waits for so much longer, the process stands still. */
const IDLE_SPARE_MS = 2_000;

type HandlerExecutorDependencies = EffectsDependencies & {
  readonly store: BrokerStore;
  readonly publisher: Publisher;
  readonly traffic: Traffic;
  readonly owner: Owner;
  readonly wakeOutbox: () => void;
  readonly faultOf: (subscription: string) => Fault | undefined;
};

/**
 * Runs a definition's handler in this process. At least once: what the handler published is in the log before the event counts as
 * handled. Effectively once: the handler's SQL, what it published and the mark that the event is done are one transaction, which fails
 * when the lease of the partition was lost.
 */
export class HandlerExecutor implements Executor {
  readonly #definition: ConsumerDefinition;
  readonly #subscriptionId: number;
  readonly #deps: HandlerExecutorDependencies;
  readonly #running = new Set<HandlerEffects>();
  readonly #poolTx: HandlerTransaction;
  readonly #timeoutMs: number;
  readonly #isOnce: boolean;
  #cancelled = false;

  constructor(
    definition: ConsumerDefinition,
    subscription: { readonly id: number; readonly guarantee: string },
    deps: HandlerExecutorDependencies,
  ) {
    this.#definition = definition;
    this.#subscriptionId = subscription.id;
    this.#deps = deps;
    this.#poolTx = deps.store.handlerSql;
    this.#timeoutMs = definition.timeoutMs ?? HANDLER_TIMEOUT_MS;
    this.#isOnce = subscription.guarantee === 'effectively-once';
  }

  free(): number {
    return Number.POSITIVE_INFINITY;
  }

  settled(): void {
    // Handlers are not told.
  }

  cancel(): void {
    this.#cancelled = true;
    const reason = new EngineError('stopping', 'The server is stopping.');
    for (const effects of this.#running) effects.abort(reason);
  }

  run(delivery: Delivery): Outcome | Promise<Outcome> {
    const fault = this.#deps.faultOf(this.#definition.name);
    if (fault !== undefined) return this.#runWithFault(delivery, fault);
    return this.#isOnce ? this.#runOnce(delivery) : this.#runAtLeastOnce(delivery);
  }

  async #runWithFault(delivery: Delivery, fault: Fault): Promise<Outcome> {
    const { name } = this.#definition;
    if (fault.latencyMs > 0) await this.#deps.clock.sleep(fault.latencyMs);
    const failure = injectedFailure(fault, name, delivery, this.#deps.random);
    if (failure !== null) return { type: 'failed', failure };
    const run = () => (this.#isOnce ? this.#runOnce(delivery) : this.#runAtLeastOnce(delivery));
    const outcome = await run();
    const again = outcome.type === 'handled' && this.#deps.random() < fault.duplicateRate;
    return again ? run() : outcome;
  }

  #runAtLeastOnce(delivery: Delivery): Outcome | Promise<Outcome> {
    const effects = new HandlerEffects(this.#definition.name, delivery, {
      ...this.#deps,
      tx: this.#poolTx,
    });
    try {
      const working = this.#definition.handle(eventOf(delivery), effects);
      if (isPromise(working)) return this.#complete(delivery, effects, working);
      return effects.captured.length === 0 ? HANDLED : this.#complete(delivery, effects);
    } catch (error) {
      return { type: 'failed', failure: failureOf(error) };
    }
  }

  async #complete(
    delivery: Delivery,
    effects: HandlerEffects,
    working?: Promise<void>,
  ): Promise<Outcome> {
    try {
      if (working !== undefined) await this.#inTime(effects, working);
      if (effects.captured.length > 0) await this.#publish(delivery, effects.captured);
      return HANDLED;
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #runOnce(delivery: Delivery): Promise<Outcome> {
    const { store, wakeOutbox } = this.#deps;
    try {
      const published = await store.transaction(async (tx) => {
        const effects = new HandlerEffects(this.#definition.name, delivery, {
          ...this.#deps,
          tx: tx.handlerSql,
        });
        const { position } = delivery.record;
        // A replay is asked for by a person and is meant to be done again.
        const isNew =
          delivery.kind === 'replay' || (await tx.insertProcessed(this.#subscriptionId, position));
        if (!isNew) return 0;
        const working = this.#definition.handle(eventOf(delivery), effects);
        if (isPromise(working)) await this.#inTime(effects, working);
        await tx.insertOutbox(this.#outboxRows(delivery, effects.captured));
        await this.#requireLease(tx, delivery);
        return effects.captured.length;
      }, this.#timeoutMs + IDLE_SPARE_MS);
      if (published > 0) wakeOutbox();
      return HANDLED;
    } catch (error) {
      if (isEngineError(error, 'fenced')) return { type: 'returned', lost: true };
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Outcome {
    // A handler that ends because the server stops was interrupted, it did not fail.
    return this.#cancelled ? RETURNED : { type: 'failed', failure: failureOf(permanent(error)) };
  }

  /** Waits for the handler, and no longer than it may take. What it does afterwards changes nothing. */
  #inTime(effects: HandlerEffects, working: Promise<void>): Promise<void> {
    this.#running.add(effects);
    return new Promise<void>((resolve, reject) => {
      const calledOff = this.#deps.clock.after(this.#timeoutMs, () => {
        const error = new HandlerTimeout(`the handler took longer than ${this.#timeoutMs} ms`);
        effects.abort(error);
        reject(error);
      });
      working.then(resolve, reject).finally(() => {
        calledOff();
        this.#running.delete(effects);
      });
    });
  }

  async #publish(delivery: Delivery, captured: readonly Effect[]): Promise<void> {
    const { publisher, traffic } = this.#deps;
    const subscription = this.#definition.name;
    const inputs = captured.map((effect, index) => ({
      effect,
      input: {
        attributes: attributesOf(effect, delivery.record, { subscription, index }),
        payload:
          effect.event.data === undefined
            ? ({ kind: 'none' } as const)
            : ({ kind: 'json', value: effect.event.data } as const),
      },
    }));
    const targets = Map.groupBy(
      inputs,
      ({ effect }) => `${effect.topic ?? ''}\n${effect.streamId ?? ''}`,
    );
    for (const group of targets.values()) {
      const [first] = group;
      if (first === undefined) continue;
      const { topic, streamId } = first.effect;
      const events = group.map(({ input }) => input);
      if (streamId !== null)
        await publisher.appendToStream({
          streamId,
          expectedVersion: 'any',
          inputs: events,
          ...(topic === null ? {} : { topic }),
        });
      else if (topic !== null) await publisher.publish({ topic, inputs: events, batch: true });
      traffic.emitted(subscription, topic ?? topicOfStream(streamId ?? ''), events.length);
    }
  }

  #outboxRows(delivery: Delivery, captured: readonly Effect[]): OutboxRow[] {
    const subscription = this.#definition.name;
    const time = new Date(this.#deps.clock.now()).toISOString();
    return captured.map((effect, index) => ({
      topic: effect.topic ?? topicOfStream(effect.streamId ?? ''),
      streamId: effect.streamId,
      event: {
        time,
        ...attributesOf(effect, delivery.record, { subscription, index }),
        ...(effect.event.data === undefined ? {} : { data: effect.event.data }),
      },
    }));
  }

  /** Locked last, so that the lease is held for the length of a commit and not of the handler. */
  async #requireLease(tx: BrokerStatements, delivery: Delivery): Promise<void> {
    const fence = fenceOf(this.#subscriptionId, this.#deps.owner, delivery);
    if (fence === null || (await tx.lockFence(fence))) return;
    throw new EngineError('fenced', 'The event belongs to another process now.');
  }
}

class HandlerTimeout extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HandlerTimeout';
  }
}

/** What the publish pipeline refuses it refuses at each attempt. */
function permanent(error: unknown): unknown {
  if (!isEngineError(error, 'invalid-request') && !isEngineError(error, 'event-too-large'))
    return error;
  return Object.assign(new Error(error.message, { cause: error }), {
    name: 'PublishRefused',
    retryable: false,
  });
}

function eventOf(delivery: Delivery): StoredEvent {
  if (delivery.dataText === null) return toStoredEvent(delivery.record);
  return toStoredEvent({ ...delivery.record, dataText: delivery.dataText, dataBinary: null });
}

const isPromise = (value: void | Promise<void>): value is Promise<void> =>
  typeof value === 'object' && value !== null && typeof value.then === 'function';
