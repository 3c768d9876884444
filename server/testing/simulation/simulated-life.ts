import { type Clock, type Random } from '#server/engine/clock.ts';
import { type VirtualScheduler } from './virtual-scheduler.ts';

/** Wall time at which every simulation begins. */
export const EPOCH_MS = Date.UTC(2030, 0, 1);
const MAX_WAKE_LATE_MS = 5;

/**
 * One life of a server process, from its start to its crash: nothing of a dead one runs on, and all of a paused one (a garbage collection,
 * a frozen machine) runs on late, as if no time had passed for it.
 */
export class SimulatedLife {
  readonly clock: Clock;
  readonly #scheduler: VirtualScheduler;
  readonly #random: Random;
  #isDead = false;
  #pausedUntilMs = 0;
  #wallOffsetMs = 0;

  constructor(scheduler: VirtualScheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.clock = {
      now: () => EPOCH_MS + scheduler.nowMs + this.#wallOffsetMs,
      monotonicMs: () => scheduler.nowMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      after: (ms, ring) => this.after(ms, ring),
      turn: () => this.delay(0),
    };
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Something can be asked of it now. */
  get isUp(): boolean {
    return !this.#isDead && this.#pausedUntilMs <= this.#scheduler.nowMs;
  }

  crash(): void {
    this.#isDead = true;
  }

  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#scheduler.nowMs + forMs);
  }

  jumpClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  after(ms: number, run: () => void): () => void {
    let isOff = false;
    this.#scheduler.after(ms, () => {
      this.#resume(() => {
        if (!isOff) run();
      });
    });
    return () => {
      isOff = true;
    };
  }

  /** Never resolves when it dies meanwhile. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  #resume(run: () => void): void {
    if (this.#isDead) return;
    const waitMs = this.#pausedUntilMs - this.#scheduler.nowMs;
    if (waitMs <= 0) run();
    else this.#scheduler.after(waitMs + this.#random() * MAX_WAKE_LATE_MS, () => this.#resume(run));
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        callOff();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const callOff = this.after(ms, done);
      signal?.addEventListener('abort', done);
    });
  }
}
