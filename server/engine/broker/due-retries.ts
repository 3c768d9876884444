import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type Clock } from '../clock.ts';
import { type Delivery } from './delivery.ts';
import { DueTimer } from './due-timer.ts';
import { Queue } from './queue.ts';
import { type ReplayQueue } from './replay-queue.ts';
import { type RetryClaims } from './retry-claims.ts';

const CLAIM_LIMIT = 200;

type PartitionRef = { readonly topicId: number; readonly partition: number };

/** The retries of one subscription that this process has claimed and not begun, and when the next one is due. */
export class DueRetries {
  readonly #claims: RetryClaims;
  readonly #replays: ReplayQueue;
  readonly #queue = new Queue<Delivery>();
  readonly #timer: DueTimer;
  #isDue = true;
  #phase: 'open' | 'ended' | 'abandoned' = 'open';

  constructor(deps: {
    readonly clock: Clock;
    readonly claims: RetryClaims;
    /** Takes those that are not deliveries of the log. */
    readonly replays: ReplayQueue;
    /** One is due. */
    readonly onDue: () => void;
  }) {
    this.#claims = deps.claims;
    this.#replays = deps.replays;
    this.#timer = new DueTimer(deps.clock, () => {
      this.#isDue = true;
      deps.onDue();
    });
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

  inMs(delayMs: number): void {
    this.#timer.inMs(delayMs);
  }

  /** Claims what is due, at most `room`, and none of the partitions in `except`. */
  async claim(room: number, except: readonly PartitionRef[]): Promise<void> {
    this.#isDue = false;
    try {
      const taken = await this.#claims.take(Math.min(room, CLAIM_LIMIT), except);
      this.#enqueue(taken.deliveries);
      if (taken.nextDueMs !== null && taken.nextDueMs <= 0) this.#isDue = true;
      else if (taken.nextDueMs !== null) this.#timer.inMs(taken.nextDueMs);
    } catch (error) {
      this.#isDue = true;
      throw error;
    }
  }

  /** Rows that this process has claimed. */
  async add(rows: readonly ClaimedRetry[]): Promise<void> {
    this.#enqueue(await this.#claims.deliveriesOf(rows));
  }

  deliveriesOf(rows: readonly ClaimedRetry[]): Promise<readonly Delivery[]> {
    return this.#claims.deliveriesOf(rows);
  }

  next(): Delivery | undefined {
    return this.#queue.shift();
  }

  putBack(delivery: Delivery): void {
    this.#queue.putBack(delivery);
  }

  /** Gives back those of a partition that others are to have. */
  giveBack(of: PartitionRef): void {
    const isOf = ({ record, kind }: Delivery): boolean =>
      kind !== 'replay' && record.topicId === of.topicId && record.partition === of.partition;
    const unbegun = [...this.#queue.remove(isOf), ...this.#replays.removeClaims(isOf)];
    if (unbegun.length > 0) this.#claims.release(claimsOf(unbegun));
  }

  /** Nothing is due any more. */
  clear(): void {
    this.#timer.clear();
  }

  /** Gives back all that was claimed and not begun. */
  async end(): Promise<void> {
    this.#claims.release(claimsOf([...this.#queue.drain(), ...this.#replays.drainClaims()]));
    this.#phase = 'ended';
    await this.#claims.settle();
  }

  /** Forgets all that was claimed, which may be another process's by now. */
  abandon(): void {
    this.#phase = 'abandoned';
    this.#queue.drain();
    this.#replays.drainClaims();
  }

  #enqueue(deliveries: readonly Delivery[]): void {
    if (this.#phase === 'abandoned') return;
    if (this.#phase === 'ended') {
      this.#claims.release(claimsOf(deliveries));
      return;
    }
    for (const delivery of deliveries) {
      if (delivery.kind === 'delivery') this.#queue.push(delivery);
      else this.#replays.addClaimed(delivery);
    }
  }
}

const claimsOf = (deliveries: readonly Delivery[]): ClaimedRetry[] =>
  deliveries.flatMap((delivery) => delivery.retry ?? []);
