import { type BreakerSettings } from '#contracts/subscription.ts';
import { type Clock } from '../clock.ts';

/*
 *            `failures` first attempts failed within `windowMs`, and at least as many as succeeded
 *   closed ───────────────────────────────────────────────────────────────────────────────▶ open
 *     ▲                                                                                       │ openMs
 *     └───────────── the trial succeeded ──────────── half-open ◀─────────────────────────────┘
 *                                                        └── the trial failed ──▶ open
 *
 * Only first attempts are counted: a few poisoned events that fail at each retry say nothing about what the handler depends on.
 * The share is asked for because at a high rate a small, steady share of bad events reaches any count.
 */
export type BreakerState = {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Wall time of the last change in milliseconds. */
  readonly sinceMs: number;
  /** Opened by hand: stays open until closed by hand. */
  readonly held: boolean;
};

export type BreakerChange = 'opened' | 'half-opened' | 'closed';

/**
 * Counts and moves one subscription's breaker; it does nothing by itself. Its waits are measured on the monotonic clock: a machine
 * whose wall clock is set keeps no breaker open for longer than `openMs`.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  #state: BreakerState;
  /** When it came into this state, on the monotonic clock. */
  #enteredMs: number;
  readonly #failedAt: number[] = [];
  #succeeded = 0;
  #succeededBefore = 0;
  #windowStartMs = 0;

  constructor(
    settings: BreakerSettings,
    state: BreakerState,
    clock: Pick<Clock, 'now' | 'monotonicMs'>,
  ) {
    this.#settings = settings;
    this.#state = state;
    this.#clock = clock;
    // Of a state that an earlier process left there is wall time alone, and that may have been set meanwhile.
    const ageMs = Math.min(settings.openMs, Math.max(0, clock.now() - state.sinceMs));
    this.#enteredMs = clock.monotonicMs() - ageMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Failures counted now, for display. */
  get failures(): number {
    return this.#failedAt.length;
  }

  /** How many deliveries may be in flight at most: none when open, one when half-open. */
  limit(concurrency: number): number {
    if (this.#state.state === 'closed') return concurrency;
    return this.#state.state === 'half-open' ? 1 : 0;
  }

  /** In how many milliseconds an open breaker wants `tick`; null when nothing is to be waited for. */
  get halfOpensInMs(): number | null {
    if (this.#state.state !== 'open' || this.#state.held) return null;
    return this.#enteredMs + this.#settings.openMs - this.#clock.monotonicMs();
  }

  tick(): BreakerChange | null {
    const waitMs = this.halfOpensInMs;
    if (waitMs === null || waitMs > 0) return null;
    return this.#move('half-open', false);
  }

  succeeded(attempt: number): BreakerChange | null {
    if (this.#state.state === 'half-open') return this.#move('closed', false);
    if (attempt === 1) {
      this.#turnWindow(this.#clock.monotonicMs());
      this.#succeeded += 1;
    }
    return null;
  }

  failed(attempt: number): BreakerChange | null {
    if (this.#state.state === 'half-open') return this.#move('open', false);
    if (this.#state.state === 'open' || attempt !== 1) return null;
    const nowMs = this.#clock.monotonicMs();
    this.#turnWindow(nowMs);
    this.#failedAt.push(nowMs);
    while ((this.#failedAt[0] ?? nowMs) <= nowMs - this.#settings.windowMs) this.#failedAt.shift();
    if (this.#failedAt.length > this.#settings.failures) this.#failedAt.shift();
    const enough = this.#failedAt.length >= this.#settings.failures;
    const most = this.#failedAt.length >= this.#succeeded + this.#succeededBefore;
    return enough && most ? this.#move('open', false) : null;
  }

  /** Moved by a person. */
  set(state: 'open' | 'closed'): BreakerChange | null {
    if (this.#state.state === state) return null;
    return this.#move(state, state === 'open');
  }

  #move(state: BreakerState['state'], held: boolean): BreakerChange {
    this.#state = { state, sinceMs: this.#clock.now(), held };
    this.#enteredMs = this.#clock.monotonicMs();
    if (state === 'closed') {
      this.#failedAt.length = 0;
      this.#succeeded = 0;
      this.#succeededBefore = 0;
    }
    if (state === 'open') return 'opened';
    return state === 'half-open' ? 'half-opened' : 'closed';
  }

  /** Successes are counted in two half windows, so that counting one costs no memory. */
  #turnWindow(nowMs: number): void {
    const half = this.#settings.windowMs / 2;
    const passed = nowMs - this.#windowStartMs;
    if (passed < half) return;
    this.#succeededBefore = passed < 2 * half ? this.#succeeded : 0;
    this.#succeeded = 0;
    this.#windowStartMs = nowMs;
  }
}
