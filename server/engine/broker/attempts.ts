import { isSamePartition, type PartitionRef } from '#server/storage/partition-ref.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type Clock } from '../clock.ts';
import { isEngineError } from '../errors.ts';
import { type Traffic } from '../flows/traffic.ts';
import { type Logger } from '../logger.ts';
import { type ConsumerMeter } from '../metrics/consumer-meter.ts';
import { type BrokerStore } from './broker-store.ts';
import { type BreakerChange, type CircuitBreaker } from './circuit-breaker.ts';
import { type Delivery, type Executor, type Outcome, RETURNED } from './delivery.ts';
import { type DeliveryIntake } from './delivery-source.ts';
import { type Failure, failureOf } from './failure.ts';
import { type Outcomes } from './outcomes.ts';
import { type RetryClaims } from './retry-claims.ts';
import { fenceOf, targetOf } from './settlement.ts';

const CLAIM_AGAIN_MS = 500;
const END_LOOK_MS = 5;

export type AttemptEnd = 'acknowledged' | 'retrying' | 'dead';

type AttemptsDependencies = {
  readonly subscription: { readonly id: number; readonly name: string };
  readonly store: BrokerStore;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly executor: Executor;
  readonly breaker: CircuitBreaker;
  readonly meter: ConsumerMeter;
  readonly intake: Pick<DeliveryIntake, 'release'>;
  readonly claims: Pick<RetryClaims, 'claiming'>;
  readonly outcomes: Outcomes;
  readonly stopping: AbortSignal;
  /** Whether attempts may begin: what was recorded meanwhile is not tried. */
  readonly isRunning: () => boolean;
  /** Receivers that pull pace themselves, and their nacks say nothing about what this server depends on. */
  readonly failuresTrip: boolean;
  readonly onBreaker: (change: BreakerChange | null) => void;
  /** Was not tried after all. */
  readonly onReturned: (delivery: Delivery, leaseLost: boolean) => void;
  /** Its outcome was not stored: it is another process's now. */
  readonly onFenced: (delivery: Delivery) => void;
  readonly onEnd: (delivery: Delivery, end: AttemptEnd) => void;
};

/** The life of one attempt: handed to the executor, timed, counted, and its outcome stored. Knows how many are in flight. */
export class Attempts {
  readonly #deps: AttemptsDependencies;
  #inFlight = 0;
  #lastRecorded = { text: '', ms: 0 };
  /** Those that have a row of their own and no lease. */
  readonly #withoutLease = new Set<Delivery>();
  /** First attempts by position. */
  readonly #firsts = new Map<number, Delivery>();

  constructor(deps: AttemptsDependencies) {
    this.#deps = deps;
  }

  /** An attempt is in flight until its outcome is stored. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether any is of this partition, under whichever lease or none; replays are of no partition. */
  hasInFlight(of: PartitionRef): boolean {
    for (const { record } of this.#firsts.values()) if (isSamePartition(record, of)) return true;
    for (const { record, kind } of this.#withoutLease)
      if (kind !== 'replay' && isSamePartition(record, of)) return true;
    return false;
  }

  /** A first attempt at the event is in flight: its failure is perhaps stored already without this process knowing. */
  isFirstInFlight(position: number): boolean {
    return this.#firsts.has(position);
  }

  /** False when some are still under way after this time. */
  async end(withinMs: number): Promise<boolean> {
    const { clock } = this.#deps;
    const until = clock.monotonicMs() + withinMs;
    while (this.#inFlight > 0 && clock.monotonicMs() < until) await clock.sleep(END_LOOK_MS);
    return this.#inFlight === 0;
  }

  begin(delivery: Delivery): void {
    this.#enter(delivery);
    if (delivery.careful && delivery.retry === null) void this.#claimThenRun(delivery);
    else this.#run(delivery);
  }

  /** An attempt that ended elsewhere: its process is gone. */
  failElsewhere(delivery: Delivery, failure: Failure): void {
    this.#enter(delivery);
    void this.#fail(delivery, failure, { durationMs: 0 });
  }

  #run(delivery: Delivery): void {
    const startedMs = this.#deps.clock.monotonicMs();
    const outcome = this.#deps.executor.run(delivery);
    if (outcome instanceof Promise) {
      void outcome
        .catch((error: unknown): Outcome => ({ type: 'failed', failure: failureOf(error) }))
        .then((ended) => this.#end(delivery, ended, startedMs));
    } else this.#end(delivery, outcome, startedMs);
  }

  /** The attempt is recorded before it is made, so that an event that kills the process still reaches the dead letters. */
  async #claimThenRun(delivery: Delivery): Promise<void> {
    const claimed = await this.#deps.claims.claiming(
      () => this.#recordFirst(delivery),
      (row) => (typeof row === 'object' && row !== null ? [row] : []),
    );
    if (claimed === 'fenced' || claimed === 'stopped') {
      this.#end(delivery, claimed === 'fenced' ? { type: 'returned', lost: true } : RETURNED, 0);
      return;
    }
    delivery.retry = claimed;
    if (this.#deps.isRunning()) this.#run(delivery);
    else this.#end(delivery, RETURNED, 0);
  }

  /** Asks until it is answered: a row that was written and not known of would be tried twice. */
  async #recordFirst(delivery: Delivery): Promise<ClaimedRetry | 'fenced' | 'stopped' | null> {
    const { subscription, store, owner, clock, logger, stopping } = this.#deps;
    const target = targetOf(subscription.id, delivery);
    const fence = fenceOf(subscription.id, owner, delivery);
    if (fence === null) return null;
    while (!stopping.aborted) {
      try {
        return await store.insertRunningRetry(target, { claimedBy: owner.incarnation, fence });
      } catch (error) {
        logger.warn({ err: error }, 'a careful delivery could not be claimed yet');
        await clock.sleep(CLAIM_AGAIN_MS, stopping);
      }
    }
    return 'stopped';
  }

  #end(delivery: Delivery, outcome: Outcome, startedMs: number): void {
    const { clock, breaker, intake, onBreaker, onReturned } = this.#deps;
    if (outcome.type === 'returned') {
      this.#leave(delivery, false);
      onReturned(delivery, outcome.lost === true);
      return;
    }
    const durationMs = clock.monotonicMs() - startedMs;
    if (outcome.type === 'failed') {
      void this.#fail(delivery, outcome.failure, { durationMs, delayMs: outcome.delayMs });
      return;
    }
    this.#count(delivery, 'handled', durationMs);
    onBreaker(breaker.succeeded(delivery.attempt));
    if (delivery.retry !== null) {
      void this.#acknowledge(delivery);
      return;
    }
    intake.release(delivery);
    this.#finish(delivery, 'acknowledged');
  }

  async #acknowledge(delivery: Delivery): Promise<void> {
    try {
      await this.#deps.outcomes.handled(delivery);
    } catch (error) {
      this.#leaveUnsettled(delivery, error);
      return;
    }
    this.#finish(delivery, 'acknowledged');
  }

  async #fail(
    delivery: Delivery,
    failure: Failure,
    attempt: { readonly durationMs: number; readonly delayMs?: number | undefined },
  ): Promise<void> {
    const { breaker, failuresTrip, onBreaker, outcomes } = this.#deps;
    if (failuresTrip) onBreaker(breaker.failed(delivery.attempt));
    let end: AttemptEnd;
    try {
      end = await outcomes.failed(delivery, failure, attempt);
    } catch (error) {
      this.#leaveUnsettled(delivery, error);
      return;
    }
    this.#count(delivery, end === 'dead' ? 'dead' : 'failed', attempt.durationMs);
    this.#finish(delivery, end);
  }

  /** When it is another process's now; else only when stopping while the database is away: the next start finds it as it was. */
  #leaveUnsettled(delivery: Delivery, error: unknown): void {
    const { logger, subscription, onFenced } = this.#deps;
    this.#leave(delivery, false);
    if (isEngineError(error, 'fenced')) {
      onFenced(delivery);
      return;
    }
    logger.error(
      { err: error, subscription: subscription.name },
      'the outcome of a delivery was not stored; the event will be delivered again',
    );
  }

  #finish(delivery: Delivery, end: AttemptEnd): void {
    this.#leave(delivery, true);
    this.#deps.onEnd(delivery, end);
  }

  #enter(delivery: Delivery): void {
    this.#inFlight += 1;
    if (delivery.lease === null) this.#withoutLease.add(delivery);
    else this.#firsts.set(delivery.record.position, delivery);
  }

  #leave(delivery: Delivery, isStored: boolean): void {
    this.#inFlight -= 1;
    if (delivery.lease === null) this.#withoutLease.delete(delivery);
    else this.#firsts.delete(delivery.record.position);
    this.#deps.executor.settled(delivery, isStored);
  }

  #count(delivery: Delivery, outcome: 'handled' | 'failed' | 'dead', durationMs: number): void {
    const { clock, meter, subscription, traffic } = this.#deps;
    const { topic, recordedAt } = delivery.record;
    const isFirst = delivery.attempt === 1 && delivery.kind === 'delivery';
    meter.record(outcome, durationMs);
    traffic.delivered({
      subscription: subscription.name,
      topic,
      outcome,
      durationMs,
      sinceRecordedMs: isFirst ? Math.max(0, clock.now() - this.#msOf(recordedAt)) : null,
    });
  }

  /** Events that were stored together share the text. */
  #msOf(recordedAt: string): number {
    if (recordedAt !== this.#lastRecorded.text)
      this.#lastRecorded = { text: recordedAt, ms: Date.parse(recordedAt) };
    return this.#lastRecorded.ms;
  }
}
