import { type SubscriptionSettings } from '#contracts/subscription.ts';
import { EngineError } from '../errors.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Delivery } from './delivery.ts';
import { KeyLanes } from './key-lanes.ts';
import { Queue } from './queue.ts';

type End = 'acknowledged' | 'dead';
type Waiter = { readonly resolve: (end: End) => void; readonly reject: (error: Error) => void };

/** More replayed deliveries than this at once are refused; operations keep far fewer in hand. */
const MAX_REPLAYS = 10_000;

/**
 * Deliveries outside the log's order: replays, and letters given back. Among themselves they keep one at a time per order key,
 * unless it is a queue, which knows no keys; they do not wait for what the log delivers meanwhile.
 */
export class ReplayQueue {
  readonly #subscription: string;
  readonly #keepsKeys: boolean;
  readonly #ready = new Queue<Delivery>();
  readonly #lanes = new KeyLanes<Delivery>();
  readonly #waiters = new Map<string, Waiter[]>();
  /** Replays that stand in retries from before the start: they are joined, not delivered twice. */
  readonly #retrying = new Set<string>();
  readonly #inLane = new WeakSet<Delivery>();
  #size = 0;

  constructor(subscription: string, mode: SubscriptionSettings['mode']) {
    this.#subscription = subscription;
    this.#keepsKeys = mode === 'stream';
  }

  /** In hand and not handed out. */
  get length(): number {
    return this.#size;
  }

  expectAll(replays: readonly { readonly operationId: string; readonly position: number }[]): void {
    for (const { operationId, position } of replays)
      this.#retrying.add(identity(operationId, position));
  }

  /** Replays that somebody waits for and that stand in retries. */
  get awaited(): { readonly operationId: string; readonly position: number }[] {
    return [...this.#retrying].filter((id) => this.#waiters.has(id)).map(fromIdentity);
  }

  /** It was settled without this process, after it stood in retries. */
  settledElsewhere(operationId: string, position: number, end: End): void {
    const id = identity(operationId, position);
    this.#retrying.delete(id);
    for (const waiter of this.#waiters.get(id) ?? []) waiter.resolve(end);
    this.#waiters.delete(id);
  }

  add(record: LogRecord, operationId: string): Promise<End> {
    if (this.#size >= MAX_REPLAYS) {
      return Promise.reject(
        new EngineError('unavailable', `${this.#subscription} has too many replays in hand.`),
      );
    }
    const id = identity(operationId, record.position);
    const settled = new Promise<End>((resolve, reject) => {
      const waiters = this.#waiters.get(id) ?? [];
      waiters.push({ resolve, reject });
      this.#waiters.set(id, waiters);
    });
    const alone = this.#waiters.get(id)?.length === 1;
    if (alone && !this.#retrying.has(id)) {
      this.#enter({
        record,
        lease: null,
        kind: 'replay',
        attempt: 1,
        operationId,
        dataText: null,
        careful: false,
        retry: null,
      });
    }
    return settled;
  }

  /** From a claimed row. */
  addClaimed(delivery: Delivery): void {
    this.#enter(delivery);
  }

  next(): Delivery | undefined {
    const delivery = this.#ready.shift();
    if (delivery !== undefined) this.#size -= 1;
    return delivery;
  }

  putBack(delivery: Delivery): void {
    this.#size += 1;
    this.#ready.putBack(delivery);
  }

  settled(delivery: Delivery, end: End | 'retrying'): void {
    this.#leaveLane(delivery);
    if (delivery.kind !== 'replay' || delivery.operationId === null) return;
    const id = identity(delivery.operationId, delivery.record.position);
    if (end === 'retrying') {
      this.#retrying.add(id);
      return;
    }
    this.#retrying.delete(id);
    for (const waiter of this.#waiters.get(id) ?? []) waiter.resolve(end);
    this.#waiters.delete(id);
  }

  /** Another process has it now and settles it. */
  forget(delivery: Delivery): void {
    this.#leaveLane(delivery);
    const id = identity(delivery.operationId ?? '', delivery.record.position);
    const reason = new EngineError('stopping', `${this.#subscription} is served elsewhere now.`);
    for (const waiter of this.#waiters.get(id) ?? []) waiter.reject(reason);
    this.#waiters.delete(id);
  }

  /** Claimed ones that were not handed out. */
  drainClaims(): Delivery[] {
    return [...this.#ready.drain(), ...this.#lanes.drainWaiting()];
  }

  /** Letters given back that were claimed and not begun, and that `isMeant` is true of. */
  removeClaims(isMeant: (delivery: Delivery) => boolean): Delivery[] {
    const removed: Delivery[] = [];
    for (let i = 0; i < MAX_REPLAYS; i += 1) {
      const ready = this.#ready.remove(isMeant);
      if (ready.length === 0) break;
      removed.push(...ready);
      // What stood behind it in its lane is ready now, and meant as well.
      for (const delivery of ready) this.#leaveLane(delivery);
    }
    this.#size -= removed.length;
    return removed;
  }

  close(reason: EngineError): void {
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) waiter.reject(reason);
    }
    this.#waiters.clear();
  }

  #leaveLane(delivery: Delivery): void {
    const lane = laneOf(delivery);
    // What a process before left in the middle is settled without having been here.
    if (lane === null || !this.#inLane.delete(delivery)) return;
    const next = this.#lanes.leave(lane);
    if (next !== null) this.#ready.push(next);
  }

  #enter(delivery: Delivery): void {
    this.#size += 1;
    const lane = this.#keepsKeys ? laneOf(delivery) : null;
    if (lane !== null) this.#inLane.add(delivery);
    const place = lane === null ? 'run' : this.#lanes.enter(lane, delivery);
    if (place === 'run') this.#ready.push(delivery);
  }
}

const identity = (operationId: string, position: number): string => `${operationId}:${position}`;

const fromIdentity = (id: string) => {
  const at = id.lastIndexOf(':');
  return { operationId: id.slice(0, at), position: Number(id.slice(at + 1)) };
};

const laneOf = ({ record }: Delivery): string | null =>
  record.key === null ? null : `${record.topicId}:${record.partition}:${record.key}`;
