import { MAX_FRAME_BYTES, MAX_FRAME_EVENTS } from '#contracts/live-feed.ts';
import { type Random } from '#server/engine/clock.ts';

/** Bounds of what waits for one client, so that a stuck one costs 2 MB at most, its last frame included; beyond them frames are samples. */
export const MAX_PENDING_EVENTS = 3_000;
export const MAX_PENDING_BYTES = 1.5 * 1_048_576;

/** What one client's batchers hold together. */
export type PendingBudget = { bytes: number };

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
 *   complete ── too much waits ──► sampling ── a frame could hold everything ──► complete
 *
 * In `complete` every event is sent, in order, over as many frames as it takes: a burst is late, not thinned. In `sampling`
 * a uniform sample of one frame's size is kept, and what is left out is counted.
 */
export class FrameBatcher<Item extends Batchable> {
  readonly #budget: PendingBudget;
  readonly #random: Random;
  #pending: Item[] = [];
  #bytes = 0;
  #mode: 'complete' | 'sampling' = 'complete';
  /** In `sampling`: events since the last frame, sampled or not. */
  #seen = 0;
  #readTo: number;

  constructor(deps: { readonly budget: PendingBudget; readonly random: Random; position: number }) {
    this.#budget = deps.budget;
    this.#random = deps.random;
    this.#readTo = deps.position;
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

  /** `items` match, are in order and lie after `readTo`; `readTo` is how far was looked. `whole`: may not be sampled. */
  add(items: readonly Item[], readTo: number, whole = false): void {
    for (const item of items) {
      if (this.#mode === 'sampling') this.#sample(item);
      else this.#push(item);
    }
    this.#readTo = Math.max(this.#readTo, readTo);
    if (!whole && this.#mode === 'complete' && this.#isTooMuch()) this.#startSampling();
  }

  /** The next frame's worth, or null when nothing waits. */
  take(): Batch<Item> | null {
    if (this.#pending.length === 0) return null;
    return this.#mode === 'sampling' ? this.#takeSample() : this.#takeFirst();
  }

  /** Gives back its share of the budget. */
  clear(): void {
    this.#remove(this.#pending);
    this.#pending = [];
    this.#seen = 0;
    this.#mode = 'complete';
  }

  #isTooMuch(): boolean {
    return this.#pending.length > MAX_PENDING_EVENTS || this.#budget.bytes > MAX_PENDING_BYTES;
  }

  #takeFirst(): Batch<Item> {
    const count = fittingCount(this.#pending);
    const items = this.#pending.splice(0, count);
    this.#remove(items);
    const position =
      this.#pending.length === 0 ? this.#readTo : (items.at(-1)?.position ?? this.#readTo);
    return { items, position, dropped: 0 };
  }

  #takeSample(): Batch<Item> {
    const sorted = this.#pending.toSorted((a, b) => a.position - b.position);
    const items = thinToFrame(sorted);
    const dropped = this.#seen - items.length;
    this.#remove(this.#pending);
    this.#pending = [];
    this.#seen = 0;
    if (dropped === 0) this.#mode = 'complete';
    return { items, position: this.#readTo, dropped };
  }

  #startSampling(): void {
    const all = this.#pending;
    this.#remove(all);
    this.#pending = [];
    this.#seen = 0;
    this.#mode = 'sampling';
    for (const item of all) this.#sample(item);
  }

  /** Reservoir sampling: each of the events seen so far is held with the same probability. */
  #sample(item: Item): void {
    this.#seen += 1;
    if (this.#pending.length < MAX_FRAME_EVENTS) {
      this.#push(item);
      return;
    }
    const slot = Math.floor(this.#random() * this.#seen);
    const replaced = this.#pending[slot];
    if (replaced === undefined) return;
    this.#remove([replaced]);
    this.#pending[slot] = item;
    this.#account(item.sizeBytes);
  }

  #push(item: Item): void {
    this.#pending.push(item);
    this.#account(item.sizeBytes);
  }

  #remove(items: readonly Item[]): void {
    for (const item of items) this.#account(-item.sizeBytes);
  }

  #account(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }
}

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

/** Evenly chosen, so that a frame of large events still shows its whole span. */
function thinToFrame<Item extends Batchable>(items: readonly Item[]): readonly Item[] {
  let thinned = items;
  while (thinned.length > 1 && fittingCount(thinned) < thinned.length) {
    thinned = thinned.filter((_, index) => index % 2 === 0);
  }
  return thinned;
}
