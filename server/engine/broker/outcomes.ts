import { type RetryPolicySettings } from '#contracts/subscription.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type Clock, type Random } from '../clock.ts';
import { isEngineError } from '../errors.ts';
import { type Logger } from '../logger.ts';
import { type Delivery } from './delivery.ts';
import { decideAfterFailure } from './delivery-decision.ts';
import { type DeliveryIntake } from './delivery-source.ts';
import { type Failure } from './failure.ts';
import { type SettledLetter } from './redelivery.ts';
import { type NextWatch, type RetryClaims } from './retry-claims.ts';
import { type Settled, type SettledSubscription, type Settlement } from './settlement.ts';

const STORE_AGAIN_MS = 500;
const STORE_AGAIN_MAX_MS = 5_000;

const UNKNOWN: Settled = { next: null, letter: null };
/** What has no row of its own claims no other when it is settled. */
const NO_WATCH: NextWatch = { isFound: false, end: () => undefined };

type OutcomesDependencies = {
  readonly subscription: SettledSubscription;
  readonly retry: RetryPolicySettings;
  readonly atMostOnce: boolean;
  readonly settlement: Settlement;
  readonly intake: DeliveryIntake;
  readonly claims: Pick<RetryClaims, 'claiming' | 'forget' | 'recover' | 'watchNextOf'>;
  readonly commits: { flush(): Promise<void> };
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  /** A retry is due in this time. */
  readonly onRetryDue: (delayMs: number) => void;
  /** A parked event took the place of the one before and is claimed. */
  readonly onNextClaimed: (next: ClaimedRetry) => Promise<void>;
  readonly onLetterSettled: (letter: SettledLetter) => void;
};

/**
 * What follows from the end of an attempt: decides, stores, and lets the key go on. While the database is away it tries again, and what
 * stands behind the event waits.
 */
export class Outcomes {
  readonly #deps: OutcomesDependencies;

  constructor(deps: OutcomesDependencies) {
    this.#deps = deps;
  }

  /** A success that has a row to be removed. */
  async handled(delivery: Delivery): Promise<void> {
    const { settlement, subscription } = this.#deps;
    await this.#settleAndGoOn(delivery, () => settlement.acknowledge(subscription, delivery));
  }

  /** `retrying`: there will be another attempt. */
  async failed(
    delivery: Delivery,
    failure: Failure,
    attempt: { readonly durationMs: number; readonly delayMs?: number | undefined },
  ): Promise<'retrying' | 'dead'> {
    const { claims, settlement, subscription, retry, atMostOnce, random } = this.#deps;
    const failed = { delivery, failure, durationMs: attempt.durationMs };
    const decision = decideAfterFailure(delivery.attempt, failure, {
      retry,
      atMostOnce: atMostOnce && delivery.kind === 'delivery',
      delayMs: attempt.delayMs,
      random,
    });
    if (decision.type === 'dead') {
      await this.#settleAndGoOn(delivery, () => settlement.bury(subscription, failed));
      return 'dead';
    }
    const stored = await this.#storeRow(delivery, () =>
      settlement.retryLater(subscription, failed, decision.delayMs),
    );
    // Perhaps it was claimed for the next attempt meanwhile, and that answer was lost too.
    if (stored === 'before' && delivery.retry !== null) claims.forget([delivery.retry]);
    this.#deps.intake.setAside(delivery);
    this.#deps.onRetryDue(decision.delayMs);
    return 'retrying';
  }

  async #settleAndGoOn(delivery: Delivery, work: () => Promise<Settled>): Promise<void> {
    const watch = this.#watchNext(delivery);
    try {
      await this.#goOn(delivery, await this.#settle(delivery, work), watch);
    } finally {
      watch.end();
    }
  }

  /** The next of its key, when it turns up before the settlement is known to be done, is the front from then on. */
  #watchNext(delivery: Delivery): NextWatch {
    const { claims, intake } = this.#deps;
    if (delivery.retry === null || delivery.kind !== 'delivery') return NO_WATCH;
    return claims.watchNextOf(delivery.retry, () => {
      if (delivery.lease !== null) intake.setAside(delivery);
      intake.unparked(delivery);
    });
  }

  /** The event that took the place of one that counts as settled is found as one that was claimed and forgotten, or there is none. */
  async #settle(delivery: Delivery, work: () => Promise<Settled>): Promise<Settled> {
    const { claims } = this.#deps;
    const settled = await this.#storeRow(delivery, () =>
      claims.claiming(work, ({ next }) => (next === null ? [] : [next])),
    );
    if (settled !== 'before') return settled;
    await this.#store(() => claims.recover());
    return UNKNOWN;
  }

  /**
   * What is stored about a row and whose answer was lost is fenced when it is asked for again, since the row is gone, or waits, or is
   * claimed for its next attempt. It counts as done then.
   */
  async #storeRow<Result>(
    delivery: Delivery,
    work: () => Promise<Result>,
  ): Promise<Result | 'before'> {
    let isUnknown = false;
    try {
      return await this.#store(() =>
        work().catch((error: unknown) => {
          isUnknown ||= !isEngineError(error, 'fenced');
          throw error;
        }),
      );
    } catch (error) {
      if (!isUnknown || delivery.retry === null || !isEngineError(error, 'fenced')) throw error;
      return 'before';
    }
  }

  async #goOn(delivery: Delivery, settled: Settled, watch: NextWatch): Promise<void> {
    const { intake, onLetterSettled, onNextClaimed } = this.#deps;
    if (settled.letter !== null) onLetterSettled(settled.letter);
    if (delivery.kind !== 'delivery' || watch.isFound) return;
    // A first attempt stands in its lane itself, whether or not it has a row.
    if (delivery.lease !== null) {
      if (settled.next === null) {
        intake.release(delivery);
        return;
      }
      intake.setAside(delivery);
    }
    const next = settled.next ?? (await this.#nextParkedOrFree(delivery, watch));
    if (next === null) return;
    intake.unparked(delivery);
    await this.#store(() => onNextClaimed(next));
  }

  /**
   * The statement that settled the front saw none behind it, but events may have been parked while it ran, stored by now or not: they are
   * stored first, then the first of them is taken. When there is none the key is free, in the same turn, before another can be parked.
   */
  async #nextParkedOrFree(delivery: Delivery, watch: NextWatch): Promise<ClaimedRetry | null> {
    const { claims, commits, intake, settlement, subscription } = this.#deps;
    let soughtAmong = 0;
    while (intake.parkedBehind(delivery) !== soughtAmong) {
      soughtAmong = intake.parkedBehind(delivery);
      await this.#store(() => commits.flush());
      const next = await this.#store(async () => {
        await claims.recover();
        // It is looked at when the statement begins: that waits for a look that another began meanwhile.
        return claims.claiming(
          async () => (watch.isFound ? null : settlement.claimNext(subscription.id, delivery)),
          (row) => (row === null ? [] : [row]),
        );
      });
      if (next !== null || watch.isFound) return next;
    }
    intake.freeLane(delivery);
    return null;
  }

  async #store<Result>(work: () => Promise<Result>): Promise<Result> {
    const { clock, logger, stopping, subscription } = this.#deps;
    for (let waitMs = STORE_AGAIN_MS; ; waitMs = Math.min(waitMs * 2, STORE_AGAIN_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (stopping.aborted || isEngineError(error, 'fenced')) throw error;
        logger.warn(
          { err: error, subscription: subscription.name },
          'the outcome of a delivery could not be stored and is stored again',
        );
        await clock.sleep(waitMs, stopping);
      }
    }
  }
}
