import {
  clampRange,
  isSameRange,
  liveRange,
  panRange,
  reachesNow,
  spanOf,
  type TimeRange,
  zoomRange,
} from './time-range.ts';

/** How long the view must stand still before data is asked for it. */
const SETTLE_MS = 140;
/** While it moves without a stop (following, a long drag), data is asked for at least this often. */
const SETTLE_MAX_MS = 700;

export type SettledView = { readonly range: TimeRange; readonly isFollowing: boolean };

/**
 * The range in view, outside React so that gestures cost no rendering. Readers of `current` see every step; subscribers are told
 * when it settled. While following, the right edge moves with the clock.
 */
export class TimelineController {
  #range: TimeRange;
  #isFollowing: boolean;
  #isHeld = false;
  #settled: SettledView;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #unsettledSince: number | null = null;
  readonly #now: () => number;
  readonly #settleListeners = new Set<() => void>();
  readonly #moveListeners = new Set<() => void>();

  constructor(start: SettledView, now: () => number = Date.now) {
    this.#range = clampRange(start.range);
    this.#isFollowing = start.isFollowing;
    this.#settled = { range: this.#range, isFollowing: start.isFollowing };
    this.#now = now;
  }

  get range(): TimeRange {
    return this.#range;
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Shows the range; following goes on only if it is asked to. */
  readonly show = (range: TimeRange, isFollowing = false): void => {
    const next = clampRange(range);
    if (isSameRange(next, this.#range) && isFollowing === this.#isFollowing) return;
    this.#range = next;
    this.#isFollowing = isFollowing;
    this.#moved();
  };

  /** Zooms; while following, now stays at the right edge whatever the pointer points at. */
  readonly zoom = (factor: number, around?: number): void => {
    if (this.#isFollowing) this.show(liveRange(this.#now(), this.#spanAfter(factor)), true);
    else this.show(zoomRange(this.#range, factor, around ?? this.#middle()));
  };

  /** Pans; moving past now to the right starts following again. */
  readonly pan = (share: number): void => {
    const next = panRange(this.#range, share);
    if (share > 0 && reachesNow(next, this.#now())) this.follow();
    else this.show(next);
  };

  readonly follow = (): void => {
    this.show(liveRange(this.#now(), spanOf(this.#range)), true);
  };

  /** While something is pointed at, the clock does not move it away; following goes on from now afterwards. */
  readonly hold = (isHeld: boolean): void => {
    this.#isHeld = isHeld;
    if (!isHeld) for (const listener of this.#moveListeners) listener();
  };

  /** Called by the animation loop: lets the clock move the view. */
  readonly tick = (): void => {
    if (this.#isFollowing && !this.#isHeld)
      this.show(liveRange(this.#now(), spanOf(this.#range)), true);
  };

  readonly onMove = (listener: () => void): (() => void) => {
    this.#moveListeners.add(listener);
    return () => this.#moveListeners.delete(listener);
  };

  readonly onSettle = (listener: () => void): (() => void) => {
    this.#settleListeners.add(listener);
    return () => this.#settleListeners.delete(listener);
  };

  readonly settled = (): SettledView => this.#settled;

  readonly stop = (): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  };

  #spanAfter(factor: number): number {
    return spanOf(zoomRange(this.#range, factor, this.#middle()));
  }

  #middle(): number {
    return (this.#range.from + this.#range.to) / 2;
  }

  #moved(): void {
    for (const listener of this.#moveListeners) listener();
    const now = this.#now();
    this.#unsettledSince ??= now;
    const isOverdue = now - this.#unsettledSince >= SETTLE_MAX_MS;
    if (this.#timer !== null && !isOverdue) clearTimeout(this.#timer);
    if (this.#timer !== null && isOverdue) return;
    const left = Math.min(SETTLE_MS, SETTLE_MAX_MS - (now - this.#unsettledSince));
    this.#timer = setTimeout(this.#settle, Math.max(0, left));
  }

  readonly #settle = (): void => {
    this.#timer = null;
    this.#unsettledSince = null;
    this.#settled = { range: this.#range, isFollowing: this.#isFollowing };
    for (const listener of this.#settleListeners) listener();
  };
}
