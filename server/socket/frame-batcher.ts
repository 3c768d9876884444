import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS } from '#contracts/live-feed.ts';
import { type Random } from '#server/engine/clock.ts';
import { type PendingBudget, type PendingHolder } from './pending-budget.ts';

/** `sizeBytes` is what it takes, in memory or on the wire, whichever is more. */
export type Batchable = { readonly position: number; readonly sizeBytes: number };

export type Batch<Item> = {
  readonly items: readonly Item[];
  /** How far the feed has come with these items. */
  readonly position: number;
  readonly dropped: number;
};

/**
 * Collects matching events between two frames of one live subscription. Pure but for its own state.
 *
 *   complete ── too much waits ──► sampling ── a frame held everything ──► complete
 *
 * In `complete` every event is sent, in order, over as many frames as it takes: a burst is late, not thinned. In `sampling`
 * a uniform sample that fits into one frame is kept, and what is left out is counted.
 */
export class FrameBatcher<Item extends Batchable> implements PendingHolder {
  readonly #budget: PendingBudget;
  readonly #random: Random;
  #pending: Item[] = [];
  #bytes = 0;
  #mode: 'complete' | 'sampling' = 'complete';
  /** In `sampling`: events since the last frame, sampled or not. */
  #seen = 0;
  /** In `sampling`: the share of those that is kept, halved whenever they do not fit. */
  #keptShare = 1;
  #isWhole = false;
  #readTo: number;

  constructor(deps: { readonly budget: PendingBudget; readonly random: Random; position: number }) {
    this.#budget = deps.budget;
    this.#random = deps.random;
    this.#readTo = deps.position;
    this.#budget.join(this);
  }

  /** Everything up to here was offered. */
  get readTo(): number {
    return this.#readTo;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get isFrameFull(): boolean {
    return this.#pending.length >= MAX_FRAME_EVENTS || this.#bytes >= MAX_FRAME_BYTES;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get canThin(): boolean {
    return !this.#isWhole && this.#pending.length > 1;
  }

  /** `items` match, are in order and lie after `readTo`; `readTo` is how far was looked. `whole`: may not be sampled. */
  add(items: readonly Item[], readTo: number, whole = false): void {
    this.#isWhole = whole;
    for (const item of items) {
      if (this.#mode === 'sampling') this.#sample(item);
      else this.#push(item);
    }
    this.#readTo = Math.max(this.#readTo, readTo);
    this.#budget.makeRoom();
  }

  /** The next frame's worth, or null when nothing waits. */
  take(): Batch<Item> | null {
    if (this.#pending.length === 0) return null;
    return this.#mode === 'sampling' ? this.#takeSample() : this.#takeFirst();
  }

  /** Part of its bytes, while it `canThin`. */
  thin(): void {
    if (this.#mode === 'complete') this.#startSampling();
    else this.#halve();
  }

  /** Gives back its share of the budget, for good. */
  close(): void {
    this.#pending = [];
    this.#bytes = 0;
    this.#budget.leave(this);
  }

  #takeFirst(): Batch<Item> {
    const items = this.#pending.splice(0, fittingCount(this.#pending));
    this.#bytes -= bytesOf(items);
    const position =
      this.#pending.length === 0 ? this.#readTo : (items.at(-1)?.position ?? this.#readTo);
    return { items, position, dropped: 0 };
  }

  #takeSample(): Batch<Item> {
    const items = this.#pending;
    const dropped = this.#seen - items.length;
    this.#pending = [];
    this.#bytes = 0;
    this.#seen = 0;
    this.#keptShare = 1;
    if (dropped === 0) this.#mode = 'complete';
    return { items, position: this.#readTo, dropped };
  }

  #startSampling(): void {
    this.#mode = 'sampling';
    this.#seen = this.#pending.length;
    this.#keptShare = 1;
    this.#fitIntoFrame();
  }

  /** Each of the events seen so far is held with the same probability, however large it is. */
  #sample(item: Item): void {
    this.#seen += 1;
    if (this.#keptShare < 1 && this.#random() >= this.#keptShare) return;
    this.#push(item);
    this.#fitIntoFrame();
  }

  #fitIntoFrame(): void {
    while (
      this.#pending.length > 1 &&
      (this.#pending.length > MAX_FRAME_EVENTS || this.#bytes > MAX_FRAME_BYTES)
    )
      this.#halve();
  }

  /** Every second one, so that what is left still shows the whole span. */
  #halve(): void {
    const kept = this.#random() < 0.5 ? 0 : 1;
    this.#pending = this.#pending.filter((_, index) => index % 2 === kept);
    this.#bytes = bytesOf(this.#pending);
    this.#keptShare /= 2;
  }

  #push(item: Item): void {
    this.#pending.push(item);
    this.#bytes += item.sizeBytes;
  }
}

const bytesOf = (items: readonly Batchable[]): number =>
  items.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);

/** How many from the first on make one frame: one at least. */
function fittingCount(items: readonly Batchable[]): number {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += item.sizeBytes;
    if (count === MAX_FRAME_EVENTS || (count > 0 && bytes > MAX_FRAME_BYTES)) break;
    count += 1;
  }
  return count;
}
