import { randomUUID } from 'node:crypto';
import { type NewAttempt } from '#server/storage/attempt-rows.ts';
import { type Fence } from '#server/storage/fence-rows.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type ClaimedRetry, type RetryTarget } from '#server/storage/retry-rows.ts';
import { type Clock } from '../clock.ts';
import { EngineError } from '../errors.ts';
import { storedEventJson } from '../log/event-record.ts';
import { SYSTEM_TOPIC, systemRow } from '../system/system-events.ts';
import { type BrokerStatements, type BrokerStore } from './broker-store.ts';
import { type Delivery } from './delivery.ts';
import { type Failure } from './failure.ts';
import { causeOf } from './fingerprint.ts';
import { type SettledLetter } from './redelivery.ts';

export type SettledSubscription = {
  readonly id: number;
  readonly name: string;
  readonly handlerVersion: string | null;
};

/** An attempt that failed. */
export type FailedAttempt = {
  readonly delivery: Delivery;
  readonly failure: Failure;
  readonly durationMs: number;
};

/** `next`: the parked event that takes the settled one's place, claimed. `letter`: what became of the letter it was given back from. */
export type Settled = {
  readonly next: ClaimedRetry | null;
  readonly letter: SettledLetter | null;
};

export const targetOf = (subscriptionId: number, { record }: Delivery): RetryTarget => ({
  subscriptionId,
  topicId: record.topicId,
  partition: record.partition,
  offset: record.offset,
  position: record.position,
  key: record.key,
});

/** What entitles this process to say what became of the delivery; null when nothing has to. */
export function fenceOf(subscriptionId: number, owner: Owner, delivery: Delivery): Fence | null {
  const { incarnation } = owner;
  const { retry, lease, kind, operationId } = delivery;
  if (retry !== null) return { type: 'retry', id: retry.id, incarnation, attempt: retry.attempt };
  if (lease !== null) {
    if (lease.isComplete) return null;
    const { claimId, topicId, partition, epoch } = lease;
    return claimId === null
      ? { type: 'partition', subscriptionId, topicId, partition, owner, epoch }
      : { type: 'claim', id: claimId, incarnation, epoch };
  }
  return kind === 'replay' && operationId !== null
    ? { type: 'operation', id: operationId, incarnation }
    : null;
}

/**
 * Stores what became of deliveries that are not simply handled at their first attempt. Each function is one transaction: the attempt,
 * the retry row, the letter and its `$system` event are all stored, or none. Throws `fenced` when the delivery is another process's now.
 */
export class Settlement {
  readonly #store: BrokerStore;
  readonly #clock: Clock;
  readonly #owner: Owner;
  readonly #wakeOutbox: () => void;

  constructor(deps: {
    readonly store: BrokerStore;
    readonly clock: Clock;
    readonly owner: Owner;
    readonly wakeOutbox: () => void;
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#owner = deps.owner;
    this.#wakeOutbox = deps.wakeOutbox;
  }

  /** The attempt failed and another follows after `delayMs`. */
  async retryLater(
    subscription: SettledSubscription,
    failed: FailedAttempt,
    delayMs: number,
  ): Promise<void> {
    const { delivery } = failed;
    const attempt = attemptOf(subscription, failed);
    if (delivery.retry !== null) {
      const { id, attempt: number } = delivery.retry;
      const claim = { id, claimedBy: this.#owner.incarnation, attempt: number };
      if (!(await this.#store.updateRetryWaiting(attempt, claim, delayMs))) throw fenced();
      return;
    }
    const fence = fenceOf(subscription.id, this.#owner, delivery);
    if (fence === null) throw fenced();
    const target = targetOf(subscription.id, delivery);
    const retry = { target, delayMs, kind: delivery.kind, fence };
    if (!(await this.#store.insertWaitingRetry(attempt, retry))) throw fenced();
  }

  /** The attempt failed and was the last: the event becomes a letter, and its key goes on. */
  async bury(subscription: SettledSubscription, failed: FailedAttempt): Promise<Settled> {
    const { delivery, failure } = failed;
    const cause = causeOf(subscription.name, failure);
    const settled = await this.#store.transaction(async (tx) => {
      const fence = fenceOf(subscription.id, this.#owner, delivery);
      if (fence !== null && !(await tx.lockFence(fence))) throw fenced();
      await tx.insertAttempt(attemptOf(subscription, failed));
      const letterId = await tx.upsertDeadLetter({
        ...targetOf(subscription.id, delivery),
        id: randomUUID(),
        type: delivery.record.type,
        event: storedEventJson(delivery.record),
        fingerprint: cause.fingerprint,
        errorClass: failure.errorClass,
        errorMessage: failure.message,
        attemptCount: delivery.attempt,
        operationId: delivery.operationId,
      });
      await tx.upsertDeadLetterGroup({
        fingerprint: cause.fingerprint,
        subscriptionId: subscription.id,
        errorClass: failure.errorClass,
        message: cause.message,
        topFrame: cause.topFrame,
      });
      await this.#tellOfDeath(tx, subscription, failed, {
        letterId,
        fingerprint: cause.fingerprint,
      });
      const next = await this.#giveUpRow(tx, delivery);
      return { next, letter: letterSettled(subscription, delivery, 'dead') };
    });
    this.#wakeOutbox();
    return settled;
  }

  /** The attempt succeeded; the delivery has a row. */
  async acknowledge(subscription: SettledSubscription, delivery: Delivery): Promise<Settled> {
    const letterId = delivery.retry?.deadLetterId ?? null;
    if (letterId === null) {
      return { next: await this.#giveUpRow(this.#store, delivery), letter: null };
    }
    await this.#store.transaction(async (tx) => {
      await this.#giveUpRow(tx, delivery);
      if (!(await tx.updateLetterResolved(letterId))) return;
      const data = { subscription: subscription.name, operationId: delivery.operationId };
      const event = { type: 'weir.letter.resolved', subject: letterId, data } as const;
      await tx.insertOutbox([systemRow(event, this.#clock.now())]);
    });
    this.#wakeOutbox();
    return { next: null, letter: letterSettled(subscription, delivery, 'resolved') };
  }

  /** The next parked event of the delivery's key, when it was stored only after the one before was settled. */
  async claimNext(subscriptionId: number, { record }: Delivery): Promise<ClaimedRetry | null> {
    const { topicId, partition, key } = record;
    if (key === null) return null;
    const wanted = { subscriptionId, topicId, partition, key };
    return this.#store.claimNextParked(wanted, this.#owner.incarnation);
  }

  async #giveUpRow(db: BrokerStatements, { retry }: Delivery): Promise<ClaimedRetry | null> {
    if (retry === null) return null;
    const gone = await db.deleteRetryAndClaimNext(retry.id, this.#owner.incarnation);
    if (gone === null) throw fenced();
    return gone.next;
  }

  /** A consumer of `$system` that cannot handle such an event must not make another by that. */
  async #tellOfDeath(
    tx: BrokerStatements,
    subscription: SettledSubscription,
    { delivery, failure }: FailedAttempt,
    letter: { readonly letterId: string; readonly fingerprint: string },
  ): Promise<void> {
    if (delivery.record.topic === SYSTEM_TOPIC) return;
    const data = {
      subscription: subscription.name,
      fingerprint: letter.fingerprint,
      errorClass: failure.errorClass,
      attempt: delivery.attempt,
      eventId: delivery.record.id,
      position: delivery.record.position,
      operationId: delivery.operationId,
    };
    const event = { type: 'weir.letter.dead', subject: letter.letterId, data } as const;
    await tx.insertOutbox([systemRow(event, this.#clock.now())]);
  }
}

const fenced = () =>
  new EngineError('fenced', 'The delivery is another process’s now; nothing of it was stored.');

function attemptOf(
  subscription: SettledSubscription,
  { delivery, failure, durationMs }: FailedAttempt,
): NewAttempt {
  return {
    subscriptionId: subscription.id,
    position: delivery.record.position,
    attempt: delivery.attempt,
    durationMs,
    errorClass: failure.errorClass,
    errorMessage: failure.message,
    stack: failure.stack,
    handlerVersion: subscription.handlerVersion,
    retryable: failure.retryable,
    operationId: delivery.operationId,
  };
}

function letterSettled(
  subscription: SettledSubscription,
  { retry, operationId }: Delivery,
  outcome: SettledLetter['outcome'],
): SettledLetter | null {
  const letterId = retry?.deadLetterId ?? null;
  return letterId === null
    ? null
    : { letterId, subscription: subscription.name, operationId, outcome };
}
