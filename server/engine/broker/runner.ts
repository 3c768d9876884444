import { type EngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type ConsumerMeter } from '../metrics/consumer-meter.ts';
import { type AttemptEnd, Attempts } from './attempts.ts';
import { BreakerWatch } from './breaker-watch.ts';
import { type BreakerChange, type CircuitBreaker } from './circuit-breaker.ts';
import { type Delivery, type Executor, type Lease } from './delivery.ts';
import { type DeliveryIntake, type DeliverySource, type InHand } from './delivery-source.ts';
import { DueRetries } from './due-retries.ts';
import { PROCESS_ENDED } from './failure.ts';
import { Outcomes } from './outcomes.ts';
import { PassLoop } from './pass-loop.ts';
import { createQueueSource } from './queue-source.ts';
import { ReplayJoins, settleReplaysElsewhere } from './replay-join.ts';
import { ReplayQueue } from './replay-queue.ts';
import { RetryClaims } from './retry-claims.ts';
import { type RunnerDependencies, type RunnerSubscription } from './runner-dependencies.ts';
import { stoppingError } from './stopping-error.ts';
import { createStreamSource } from './stream-source.ts';

/** A stop waits this long for handlers before it asks them to end, and this long again after that. */
const STOP_GRACE_MS = 4_000;
const STOP_CANCEL_MS = 2_000;

/**
 * The delivery loop of one subscription. Promises: an event's offset is stored only when the event is handled, in retries, or a letter;
 * events of one order key are handed out one at a time and in order; nothing is handed out while paused, disabled or broken off;
 * what is in hand is bounded by `maxInFlight`, what runs by `concurrency`. It is woken by the tail, by due retries and by whoever
 * finishes, and does nothing when idle.
 */
export class SubscriptionRunner {
  readonly subscription: RunnerSubscription;
  readonly intake: DeliveryIntake;
  readonly breaker: CircuitBreaker;
  readonly meter: ConsumerMeter;
  readonly #deps: RunnerDependencies;
  readonly #executor: Executor;
  readonly #source: DeliverySource;
  readonly #attempts: Attempts;
  readonly #replays: ReplayQueue;
  readonly #retries: DueRetries;
  readonly #breakerWatch: BreakerWatch;
  readonly #stopping = new AbortController();
  readonly #isPull: boolean;
  readonly #inHand: InHand = {
    giveBack: (partition) => this.#retries.giveBack(partition),
    isMoving: (partition) => this.#retries.isMoving(partition),
    holds: (partition) =>
      this.#attempts.hasInFlight(partition) || this.#retries.isMoving(partition),
  };
  #phase: 'idle' | 'running' | 'stopping' = 'idle';
  #enabled: boolean;
  #dispatching = false;
  readonly #loop: PassLoop;
  #taking: Promise<void> = Promise.resolve();
  #nextTake: Promise<void> | undefined;
  readonly #joins = new ReplayJoins();

  constructor(
    subscription: RunnerSubscription,
    parts: {
      readonly executor: Executor;
      readonly breaker: CircuitBreaker;
      readonly meter: ConsumerMeter;
      readonly enabled: boolean;
    },
    deps: RunnerDependencies,
  ) {
    this.subscription = subscription;
    this.breaker = parts.breaker;
    this.meter = parts.meter;
    this.#deps = deps;
    this.#breakerWatch = new BreakerWatch({
      breaker: this.breaker,
      clock: deps.clock,
      onChange: deps.onBreakerChange,
      wake: () => this.wake(),
    });
    this.#loop = this.#createLoop();
    this.#executor = parts.executor;
    this.#enabled = parts.enabled;
    this.#isPull = subscription.settings.delivery.kind === 'pull';
    const subscriptionId = subscription.id;
    const rules = {
      subscriptionId,
      settings: subscription.settings,
      matches: subscription.matches,
    };
    const isQueue = subscription.settings.mode === 'queue';
    this.#source = (isQueue ? createQueueSource : createStreamSource)(rules, {
      ...deps,
      onLost: (lease) => this.#lose(lease),
      onRoom: () => this.wake(),
    });
    this.intake = this.#source.intake;
    this.#replays = new ReplayQueue(subscription.name, subscription.settings.mode);
    this.#retries = this.#createRetries();
    const outcomes = new Outcomes({
      ...deps,
      subscription,
      retry: subscription.settings.retry,
      atMostOnce: subscription.settings.guarantee === 'at-most-once',
      intake: this.intake,
      claims: this.#retries.claims,
      commits: this.#source,
      stopping: this.#stopping.signal,
      onRetryDue: (delayMs) => this.#retries.inMs(delayMs),
      onNextClaimed: async (next) => {
        await this.#retries.add([next]);
        this.#dispatch();
      },
    });
    this.#attempts = new Attempts({
      ...deps,
      ...parts,
      subscription,
      intake: this.intake,
      claims: this.#retries.claims,
      outcomes,
      stopping: this.#stopping.signal,
      isRunning: () => this.isRunning,
      failuresTrip: !this.#isPull,
      onBreaker: (change) => this.#breakerWatch.note(change),
      onReturned: (delivery, leaseLost) => this.#giveBack(delivery, leaseLost),
      onFenced: (delivery) => this.#fenced(delivery),
      onEnd: (delivery, end) => this.#ended(delivery, end),
    });
  }

  #createLoop(): PassLoop {
    const { clock, logger } = this.#deps;
    return new PassLoop({
      clock,
      logger,
      subscription: this.subscription.name,
      stopping: this.#stopping.signal,
      isRunning: () => this.isRunning,
      pass: () => this.#pass(),
    });
  }

  #createRetries(): DueRetries {
    const { clock, owner } = this.#deps;
    const own = { subscriptionId: this.subscription.id, incarnation: owner.incarnation };
    return new DueRetries({
      clock,
      claims: (onFound) => new RetryClaims({ ...this.#deps, ...own, onFound }),
      inHand: {
        isFirstInFlight: (position) => this.#attempts.isFirstInFlight(position),
        awaitsParking: (row) => this.intake.awaitsParking(row),
        flush: () => this.#source.flush(),
        isTaken: () => this.#handsOut,
      },
      onFound: () => this.#dispatch(),
      replays: this.#replays,
      onDue: () => this.wake(),
    });
  }

  get inFlight(): number {
    return this.#attempts.inFlight;
  }

  get isRunning(): boolean {
    return this.#phase === 'running' && this.#enabled && this.#deps.isFresh();
  }

  /** Takes the partitions and begins. What a process before left in the middle is counted as a failed attempt. */
  async start(): Promise<void> {
    await this.#takePartitions();
    this.#phase = 'running';
    this.#breakerWatch.tick();
    this.wake();
  }

  /** Gives and takes what is assigned anew, as far as it can be had; woken from time to time. */
  async refresh(hasRetries = true): Promise<void> {
    if (this.#phase !== 'running') return;
    this.#source.handOver(this.#inHand);
    if (!this.#handsOut) await this.#source.releaseUnused(false);
    if (this.#source.wantsTake()) await this.#takePartitions();
    await settleReplaysElsewhere(this.#deps.store, this.subscription.id, this.#replays);
    if (hasRetries) this.#retries.markDue();
    this.intake.recheck();
    this.wake();
  }

  setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    if (enabled) this.wake();
    else this.#retries.left();
  }

  offer(record: LogRecord): boolean {
    return this.#phase === 'running' && this.intake.offer(record);
  }

  wake(): void {
    if (this.#phase !== 'running') return;
    this.#loop.wake();
  }

  wakeRetries(): void {
    this.#retries.markDue();
    this.wake();
  }

  /** Resolves when the loop has looked at everything there is now. */
  async pass(): Promise<void> {
    if (this.#phase === 'running') await this.#loop.wakeAndEnd();
  }

  replay(record: LogRecord, operationId: string): Promise<'acknowledged' | 'dead'> {
    return this.#joins.enter(
      operationId,
      () => this.#takePartitions(),
      () => {
        if (this.#phase === 'stopping')
          return Promise.reject(stoppingError(this.subscription.name));
        const settled = this.#replays.add(record, operationId);
        this.#dispatch();
        return settled;
      },
    );
  }

  /**
   * Ends: gives back claims of which nothing is in flight, lets work in hand finish, stores the offsets and releases the partitions and
   * claims. If work does not end in time the rest is not released, and whoever takes it next treats what was in flight with care.
   */
  async stop(options: { readonly reason?: EngineError } = {}): Promise<void> {
    if (this.#phase === 'idle') {
      this.#replays.close(options.reason ?? stoppingError(this.subscription.name));
      return;
    }
    this.#phase = 'stopping';
    this.#retries.clear();
    this.#breakerWatch.clear();
    if (this.#isPull) this.#executor.cancel();
    await this.#loop.ended;
    await this.#taking;
    const released = this.#source.releaseUnused(true);
    let ended = await this.#attempts.end(STOP_GRACE_MS);
    if (!ended) {
      this.#executor.cancel();
      ended = await this.#attempts.end(STOP_CANCEL_MS);
    }
    this.#stopping.abort();
    this.#replays.close(options.reason ?? stoppingError(this.subscription.name));
    await this.#retries.end();
    await released;
    await this.#source.conclude();
    if (ended) await this.#source.release();
    this.intake.clear();
    this.#source.drop();
    this.#phase = 'idle';
  }

  /** Ends at once, without storing anything: all that is in hand may be another process's by now. */
  abandon(): void {
    this.#phase = 'stopping';
    this.#retries.clear();
    this.#breakerWatch.clear();
    this.#stopping.abort();
    this.#executor.cancel();
    this.#retries.abandon();
    this.#replays.close(stoppingError(this.subscription.name));
    this.intake.clear();
    this.#source.drop();
    this.#phase = 'idle';
  }

  /** One at a time: two would each raise the epochs of what they take. */
  #takePartitions(): Promise<void> {
    this.#nextTake ??= this.#taking.then(() => {
      this.#nextTake = undefined;
      return this.#takeOnce();
    });
    this.#taking = this.#nextTake.catch(() => undefined);
    return this.#nextTake;
  }

  async #takeOnce(): Promise<void> {
    const taken = await this.#retries.claims.claiming(
      () => this.#source.take(this.#inHand),
      ({ orphans }) => orphans,
    );
    if (taken.hasTaken) this.#retries.lookAnew();
    this.#replays.expectAll(taken.replays);
    for (const delivery of await this.#retries.claims.deliveriesOrDoubt(taken.orphans))
      this.#attempts.failElsewhere(delivery, PROCESS_ENDED);
  }

  async #pass(): Promise<void> {
    await this.#claimDue();
    this.#dispatch();
    await this.#fetch();
    this.#dispatch();
  }

  async #fetch(): Promise<void> {
    if (this.breaker.state.state === 'open' || !this.intake.canFetch) return;
    const demand = this.#isPull
      ? this.#executor.free() - this.intake.ready.length
      : this.subscription.settings.maxInFlight;
    await this.intake.fetch(demand);
  }

  get #handsOut(): boolean {
    const isOpen = this.breaker.state.state === 'open';
    return this.isRunning && !isOpen && this.#executor.free() > 0;
  }

  get #capacity(): number {
    const { concurrency, maxInFlight } = this.subscription.settings;
    const limit = this.breaker.limit(this.#isPull ? maxInFlight : concurrency);
    return Math.min(limit - this.#attempts.inFlight, this.#executor.free());
  }

  async #claimDue(): Promise<void> {
    if (!this.#retries.isDue) return;
    const room = this.#capacity - this.#retries.length;
    if (room <= 0) return;
    // A trial of a half-open breaker is better made with an event that has not failed yet.
    if (this.breaker.state.state === 'half-open' && this.intake.ready.length > 0) return;
    await this.#retries.claim(room, this.#source.open);
  }

  #dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      while (this.isRunning && this.#capacity > 0) {
        const delivery = this.#next();
        if (delivery === undefined) break;
        this.#attempts.begin(delivery);
      }
    } finally {
      this.#dispatching = false;
    }
    this.#retries.left();
    if (this.#wantsPass()) this.wake();
  }

  #wantsPass(): boolean {
    if (!this.isRunning) return false;
    if (this.#retries.isDue && this.#capacity - this.#retries.length > 0) return true;
    if (this.breaker.state.state === 'open' || !this.intake.canFetch) return false;
    return this.#isPull
      ? this.#executor.free() > this.intake.ready.length
      : this.intake.isHalfEmpty;
  }

  #next(): Delivery | undefined {
    for (;;) {
      const delivery = this.#retries.next() ?? this.#replays.next() ?? this.intake.ready.shift();
      if (delivery?.lease?.lost !== true) return delivery;
    }
  }

  #giveBack(delivery: Delivery, leaseLost: boolean): void {
    const { kind, lease, retry } = delivery;
    if (leaseLost) this.#fenced(delivery);
    else if (kind !== 'delivery') this.#replays.putBack(delivery);
    else if (lease === null) this.#retries.putBack(delivery);
    else if (retry !== null && lease.claimId === null) {
      // Recorded before its attempt, and there was none: it waits in retries, uncounted. In a queue its claim would not say so.
      this.intake.setAside(delivery);
      this.#retries.settled(delivery);
      this.#retries.claims.release([retry]);
      this.#retries.markDue();
    } else if (!lease.lost) this.intake.ready.putBack(delivery);
  }

  #fenced(delivery: Delivery): void {
    this.#retries.claims.letGo(delivery.retry);
    this.#retries.settled(delivery);
    if (delivery.lease !== null) this.#lose(delivery.lease);
    else if (delivery.kind !== 'delivery') this.#replays.forget(delivery);
  }

  #ended(delivery: Delivery, end: AttemptEnd): void {
    this.#retries.claims.letGo(delivery.retry);
    this.#retries.settled(delivery);
    if (delivery.kind !== 'delivery') this.#replays.settled(delivery, end);
    if (!this.#dispatching) this.#dispatch();
  }

  #lose(lease: Lease): void {
    this.#deps.logger.warn(
      { subscription: this.subscription.name, partition: lease.partition },
      'the lease of a partition was lost',
    );
    this.#source.lose(lease);
  }

  setBreaker(state: 'open' | 'closed'): BreakerChange | null {
    return this.#breakerWatch.set(state);
  }
}
