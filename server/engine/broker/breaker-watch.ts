import { type Clock } from '../clock.ts';
import { type BreakerChange, type CircuitBreaker } from './circuit-breaker.ts';
import { DueTimer } from './due-timer.ts';

/** Lets a breaker half-open when its time has come, tells of every change, and wakes what may deliver again. */
export class BreakerWatch {
  readonly #breaker: CircuitBreaker;
  readonly #timer: DueTimer;
  readonly #onChange: (change: BreakerChange) => void;
  readonly #wake: () => void;

  constructor(deps: {
    readonly breaker: CircuitBreaker;
    readonly clock: Clock;
    readonly onChange: (change: BreakerChange) => void;
    readonly wake: () => void;
  }) {
    this.#breaker = deps.breaker;
    this.#onChange = deps.onChange;
    this.#wake = deps.wake;
    this.#timer = new DueTimer(deps.clock, () => this.tick());
  }

  tick(): void {
    this.note(this.#breaker.tick());
    const waitMs = this.#breaker.halfOpensInMs;
    if (waitMs !== null) this.#timer.inMs(waitMs);
  }

  /** By hand. */
  set(state: 'open' | 'closed'): BreakerChange | null {
    const change = this.#breaker.set(state);
    this.tick();
    this.#wake();
    return change;
  }

  /** What an attempt did to it. */
  note(change: BreakerChange | null): void {
    if (change === null) return;
    this.#onChange(change);
    if (change === 'opened') this.tick();
    else this.#wake();
  }

  clear(): void {
    this.#timer.clear();
  }
}
