import { isSamePartition, type PartitionRef } from '#server/storage/partition-ref.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type Clock } from '../clock.ts';
import { type Delivery } from './delivery.ts';
import { DueTimer } from './due-timer.ts';
import { Queue } from './queue.ts';
import { type ReplayQueue } from './replay-queue.ts';
import { type RetryClaims } from './retry-claims.ts';

const CLAIM_LIMIT = 200;
/** Claimed counts as tried when the process is killed: what nobody takes so long is given back. Whoever receives in a loop is quicker. */
const UNTAKEN_MS = 250;

/** What is in hand of the log besides. */
type InHand = {
  readonly isFirstInFlight: (position: number) => boolean;
  readonly awaitsParking: (row: ClaimedRetry) => boolean;
  readonly flush: () => Promise<void>;
  /** Whether anything is handed out now. */
  readonly isTaken: () => boolean;
};

/** The retries of one subscription that this process has claimed and not begun, and when the next one is due. */
export class DueRetries {
  readonly #claims: RetryClaims;
  readonly #replays: ReplayQueue;
  readonly #queue = new Queue<Delivery>();
  readonly #timer: DueTimer;
  readonly #untaken: DueTimer;
  readonly #inHand: InHand;
  readonly #onFound: () => void;
  /** Those whose event's first attempt is not settled yet, by position. */
  readonly #early = new Map<number, Delivery>();
  #isDue = true;
  /** Of what is due, that of these partitions is being claimed. */
  #asked: readonly PartitionRef[] = [];
  /** Rows that this process has, on their way into the queue. */
  readonly #coming = new Set<ClaimedRetry>();
  #phase: 'open' | 'ended' | 'abandoned' = 'open';

  constructor(deps: {
    readonly clock: Clock;
    readonly claims: (onFound: (rows: readonly ClaimedRetry[]) => void) => RetryClaims;
    /** Takes those that are not deliveries of the log. */
    readonly replays: ReplayQueue;
    readonly inHand: InHand;
    /** One is due. */
    readonly onDue: () => void;
    /** Some that were claimed and forgotten can be handed out. */
    readonly onFound: () => void;
  }) {
    this.#claims = deps.claims((rows) => void this.#addFound(rows));
    this.#inHand = deps.inHand;
    this.#onFound = deps.onFound;
    this.#replays = deps.replays;
    this.#timer = new DueTimer(deps.clock, () => {
      this.#isDue = true;
      deps.onDue();
    });
    this.#untaken = new DueTimer(deps.clock, () => this.#giveBackUntaken());
  }

  get claims(): RetryClaims {
    return this.#claims;
  }

  /** Worth a look into the database. */
  get isDue(): boolean {
    return this.#isDue;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Claims that are to be given back and are not yet. */
  get returning(): number {
    return this.#claims.returning;
  }

  /** Some were written, by whomever. */
  markDue(): void {
    this.#isDue = true;
  }

  /** Some may be claimed by this process without its knowing, or be due. */
  lookAnew(): void {
    this.#claims.forget([]);
    this.#isDue = true;
  }

  inMs(delayMs: number): void {
    this.#timer.inMs(delayMs);
  }

  /** Claims what is due, at most `room`, of those partitions that have an owner only those in `of`. One at a time. */
  async claim(room: number, of: readonly PartitionRef[]): Promise<void> {
    this.#isDue = false;
    this.#asked = of;
    try {
      const taken = await this.#claims.take(Math.min(room, CLAIM_LIMIT), of);
      this.#enqueue(taken.deliveries);
      if (taken.nextDueMs !== null && taken.nextDueMs <= 0) this.#isDue = true;
      else if (taken.nextDueMs !== null) this.#timer.inMs(taken.nextDueMs);
    } catch (error) {
      this.#isDue = true;
      throw error;
    } finally {
      this.#asked = [];
    }
  }

  /** Rows that this process has claimed. */
  async add(rows: readonly ClaimedRetry[]): Promise<void> {
    for (const row of rows) this.#coming.add(row);
    try {
      if (rows.some((row) => this.#inHand.awaitsParking(row))) await this.#inHand.flush();
      this.#enqueue(await this.#claims.deliveriesOf(rows));
    } finally {
      for (const row of rows) this.#coming.delete(row);
    }
  }

  /** Whether some of the partition are claimed in this moment, or some are given back. */
  isMoving(of: PartitionRef): boolean {
    if (this.returning > 0) return true;
    for (const row of this.#coming) if (isSamePartition(row, of)) return true;
    return this.#asked.some((asked) => isSamePartition(asked, of));
  }

  /** The first attempt at an event is settled: the retry of it that was claimed meanwhile may be made. */
  settled({ lease, record }: Delivery): void {
    const retry = lease === null ? undefined : this.#early.get(record.position);
    if (retry === undefined) return;
    this.#early.delete(record.position);
    this.#queue.push(retry);
  }

  next(): Delivery | undefined {
    return this.#queue.shift();
  }

  /** After a look at what can be handed out: what is left is given back soon, unless somebody comes for it. */
  left(): void {
    const count = this.#queue.length + this.#replays.length + this.returning;
    if (count > 0 && !this.#inHand.isTaken()) this.#untaken.inMs(UNTAKEN_MS);
  }

  putBack(delivery: Delivery): void {
    this.#queue.putBack(delivery);
  }

  /** Gives back those of a partition that others are to have. */
  giveBack(of: PartitionRef): void {
    const isOf = ({ record, kind }: Delivery): boolean =>
      kind !== 'replay' && isSamePartition(record, of);
    const early = [...this.#early.values()].filter(isOf);
    for (const { record } of early) this.#early.delete(record.position);
    const unbegun = [...this.#queue.remove(isOf), ...early, ...this.#replays.removeClaims(isOf)];
    if (unbegun.length > 0) this.#claims.release(claimsOf(unbegun));
  }

  /** Nothing is due any more. */
  clear(): void {
    this.#timer.clear();
    this.#untaken.clear();
  }

  /** Gives back all that was claimed and not begun. */
  async end(): Promise<void> {
    const early = [...this.#early.values()];
    this.#early.clear();
    const unbegun = [...this.#queue.drain(), ...early, ...this.#replays.drainClaims()];
    this.#claims.release(claimsOf(unbegun));
    this.#phase = 'ended';
    await this.#claims.settle();
  }

  /** Forgets all that was claimed, which may be another process's by now. */
  abandon(): void {
    this.#phase = 'abandoned';
    this.#queue.drain();
    this.#early.clear();
    this.#replays.drainClaims();
  }

  #giveBackUntaken(): void {
    if (this.#inHand.isTaken()) return;
    const untaken = [...this.#queue.drain(), ...this.#replays.removeClaims(isClaimed)];
    this.#claims.release(claimsOf(untaken));
    if (untaken.length > 0) this.#isDue = true;
  }

  async #addFound(rows: readonly ClaimedRetry[]): Promise<void> {
    if (this.#phase === 'ended') {
      this.#claims.release(rows);
      return;
    }
    try {
      await this.add(rows);
      this.#onFound();
    } catch {
      this.#claims.forget(rows);
      this.#isDue = true;
    }
  }

  #enqueue(deliveries: readonly Delivery[]): void {
    if (this.#phase === 'abandoned') return;
    if (this.#phase === 'ended') {
      this.#claims.release(claimsOf(deliveries));
      return;
    }
    for (const delivery of deliveries) {
      const { position } = delivery.record;
      if (delivery.kind === 'delivery' && this.#inHand.isFirstInFlight(position))
        this.#early.set(position, delivery);
      else if (delivery.kind === 'delivery') this.#queue.push(delivery);
      else this.#replays.addClaimed(delivery);
    }
  }
}

const claimsOf = (deliveries: readonly Delivery[]): ClaimedRetry[] =>
  deliveries.flatMap((delivery) => delivery.retry ?? []);

const isClaimed = ({ retry }: Delivery): boolean => retry !== null;
