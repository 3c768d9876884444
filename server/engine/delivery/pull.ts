import { type PulledDelivery } from '#contracts/subscription.ts';
import {
  type Delivery,
  type Executor,
  HANDLED,
  type Outcome,
  RETURNED,
} from '../broker/delivery.ts';
import { makeFailure } from '../broker/failure.ts';
import { type Clock } from '../clock.ts';
import { EngineError } from '../errors.ts';
import { toStoredEvent } from '../log/event-record.ts';

/** Receivers waiting at once on one subscription. */
const MAX_WAITING_RECEIVERS = 1_000;
/** An answer waits this long for what has to be stored before it: failures, and successes of retries and redeliveries. */
const STORE_WITHIN_MS = 5_000;

type Lease = {
  readonly delivery: Delivery;
  readonly end: (outcome: Outcome) => void;
  /** Its visibility time; to be called off. */
  timer: () => void;
};

type Receiver = {
  readonly max: number;
  readonly taken: PulledDelivery[];
  readonly finish: () => void;
};

export type Nack = {
  readonly deliveryId: string;
  readonly error: {
    readonly class: string;
    readonly message: string;
    readonly stack: string | null;
  };
  readonly retryable: boolean;
  readonly delayMs?: number;
};

export type AckAnswer = { acknowledged: string[]; expired: string[] };

/**
 * Hands deliveries to receivers that ask for them. A delivery stays with its receiver until it is acknowledged, refused, or its
 * visibility time is over, which counts as a failed attempt. A success at the first attempt is answered before it is stored with the
 * offsets, 100 ms after at the latest: if the process is killed in between, the event comes again. Ids of deliveries that are no longer with a receiver, also those from
 * before a restart, are answered as expired. A process that the others may think dead takes no answers: they are "unavailable".
 */
export class PullExecutor implements Executor {
  readonly #clock: Clock;
  readonly #subscription: string;
  readonly #visibilityMs: number;
  readonly #incarnation: string;
  readonly #isFresh: () => boolean;
  readonly #receivers: Receiver[] = [];
  readonly #leases = new Map<string, Lease>();
  readonly #settled = new WeakMap<Delivery, (isStored: boolean) => void>();
  #sequence = 0;

  constructor(deps: {
    readonly clock: Clock;
    readonly subscription: string;
    readonly visibilityMs: number;
    readonly incarnation: string;
    /** While false the others may think this process dead. */
    readonly isFresh: () => boolean;
  }) {
    this.#clock = deps.clock;
    this.#subscription = deps.subscription;
    this.#visibilityMs = deps.visibilityMs;
    this.#incarnation = deps.incarnation;
    this.#isFresh = deps.isFresh;
  }

  free(): number {
    let free = 0;
    for (const receiver of this.#receivers) free += receiver.max - receiver.taken.length;
    return free;
  }

  /** A receiver waits, or has not said what became of a delivery. */
  get isWanted(): boolean {
    return this.#receivers.length > 0 || this.#leases.size > 0;
  }

  run(delivery: Delivery): Outcome | Promise<Outcome> {
    const receiver = this.#receivers.find((one) => one.taken.length < one.max);
    if (receiver === undefined) return RETURNED;
    const deliveryId = this.#idOf(delivery);
    receiver.taken.push(pulled(deliveryId, delivery));
    // All that is handed out in this turn goes into one answer.
    if (receiver.taken.length === 1) queueMicrotask(receiver.finish);
    return new Promise<Outcome>((resolve) => {
      this.#leases.set(deliveryId, {
        delivery,
        end: resolve,
        timer: this.#clock.after(this.#visibilityMs, () => this.#expire(deliveryId)),
      });
    });
  }

  settled(delivery: Delivery, isStored: boolean): void {
    this.#settled.get(delivery)?.(isStored);
  }

  cancel(): void {
    for (const id of this.#leases.keys()) this.#take(id)?.end(RETURNED);
    for (const receiver of this.#receivers.slice()) {
      receiver.taken.length = 0;
      receiver.finish();
    }
  }

  /**
   * Resolves as soon as anything is there, and with nothing after `waitMs`. `look` has the runner look for deliveries and resolves when
   * it has found what there is.
   */
  async receive(
    request: { readonly max: number; readonly waitMs: number },
    signal: AbortSignal,
    look: () => Promise<void>,
  ): Promise<readonly PulledDelivery[]> {
    if (this.#receivers.length >= MAX_WAITING_RECEIVERS) {
      throw new EngineError('unavailable', 'Too many receivers wait on this subscription.', {
        retryAfterMs: 1_000,
      });
    }
    if (signal.aborted) return [];
    const taken = await new Promise<readonly PulledDelivery[]>((resolve) => {
      const finish = (): void => {
        const index = this.#receivers.indexOf(receiver);
        if (index < 0) return;
        this.#receivers.splice(index, 1);
        callOff?.();
        signal.removeEventListener('abort', finish);
        resolve(receiver.taken);
      };
      const receiver: Receiver = { max: request.max, taken: [], finish };
      const callOff = request.waitMs > 0 ? this.#clock.after(request.waitMs, finish) : undefined;
      this.#receivers.push(receiver);
      signal.addEventListener('abort', finish);
      const looked = look();
      if (request.waitMs === 0) looked.then(finish, finish);
    });
    if (!signal.aborted) return taken;
    for (const { deliveryId } of taken) this.#take(deliveryId)?.end(RETURNED);
    return [];
  }

  ack(deliveryIds: readonly string[]): Promise<AckAnswer> {
    return this.#endAll(deliveryIds, () => HANDLED);
  }

  nack(nack: Nack): Promise<AckAnswer> {
    const { error, retryable, delayMs } = nack;
    const failure = makeFailure({
      errorClass: error.class,
      message: error.message,
      stack: error.stack,
      retryable,
    });
    return this.#endAll([nack.deliveryId], () => ({ type: 'failed', failure, delayMs }));
  }

  /** From now, `byMs` more. */
  extend(deliveryIds: readonly string[], byMs: number): AckAnswer {
    this.#requireFresh();
    const answer: AckAnswer = { acknowledged: [], expired: [] };
    for (const id of deliveryIds) {
      const lease = this.#leases.get(id);
      if (lease === undefined || isLost(lease)) {
        answer.expired.push(id);
        continue;
      }
      lease.timer();
      lease.timer = this.#clock.after(byMs, () => this.#expire(id));
      answer.acknowledged.push(id);
    }
    return answer;
  }

  async #endAll(deliveryIds: readonly string[], outcomeOf: () => Outcome): Promise<AckAnswer> {
    this.#requireFresh();
    const answer: AckAnswer = { acknowledged: [], expired: [] };
    const stored: Promise<unknown>[] = [];
    for (const id of new Set(deliveryIds)) {
      const lease = this.#take(id);
      if (lease === undefined) {
        answer.expired.push(id);
        continue;
      }
      if (isLost(lease)) {
        lease.end({ type: 'returned', lost: true });
        answer.expired.push(id);
        continue;
      }
      const settled = new Promise<boolean>((resolve) => this.#settled.set(lease.delivery, resolve));
      stored.push(
        settled.then((isStored) => (isStored ? answer.acknowledged : answer.expired).push(id)),
      );
      lease.end(outcomeOf());
    }
    await this.#inTime(Promise.all(stored));
    return answer;
  }

  /** What this process has may be another one's: nobody knows what an answer would be worth before the next heartbeat says so. */
  #requireFresh(): void {
    if (this.#isFresh()) return;
    throw new EngineError(
      'unavailable',
      'This process was not heard of for too long and does not know what it still has.',
      { retryAfterMs: 1_000 },
    );
  }

  /** Rejects when the outcomes are not stored in time; they are stored later all the same. */
  async #inTime(stored: Promise<unknown>): Promise<void> {
    const late = new AbortController();
    const wait = this.#clock.sleep(STORE_WITHIN_MS, late.signal);
    const isStored = await Promise.race([stored.then(() => true), wait.then(() => false)]);
    late.abort();
    if (isStored) return;
    throw new EngineError(
      'unavailable',
      'The database is away; the answer is stored when it is back.',
      { retryAfterMs: 1_000 },
    );
  }

  #expire(deliveryId: string): void {
    const failure = makeFailure({
      errorClass: 'NotAcknowledged',
      message: 'not acknowledged in time by its receiver',
      stack: null,
      retryable: true,
    });
    this.#take(deliveryId)?.end({ type: 'failed', failure });
  }

  #take(deliveryId: string): Lease | undefined {
    const lease = this.#leases.get(deliveryId);
    if (lease === undefined) return undefined;
    lease.timer();
    this.#leases.delete(deliveryId);
    return lease;
  }

  /** Opaque to receivers; it says what it is about when it turns up in a log. */
  #idOf({ record, attempt, kind, lease }: Delivery): string {
    this.#sequence += 1;
    const about = [
      this.#subscription,
      record.topicId,
      record.partition,
      record.offset,
      attempt,
      lease?.epoch ?? 0,
      kind,
      this.#sequence,
      this.#incarnation,
    ];
    return Buffer.from(JSON.stringify(about)).toString('base64url');
  }
}

/** Another process has it: what a receiver says of it now changes nothing. */
const isLost = ({ delivery }: Lease): boolean => delivery.lease?.lost === true;

function pulled(deliveryId: string, delivery: Delivery): PulledDelivery {
  const { record, dataText, attempt, operationId, kind } = delivery;
  const event = toStoredEvent(
    dataText === null ? record : { ...record, dataText, dataBinary: null },
  );
  if (operationId === null || kind === 'delivery') return { deliveryId, attempt, event };
  return { deliveryId, attempt, event, [kind]: { operationId } };
}
