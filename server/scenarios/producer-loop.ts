import { type Clock } from '#server/engine/clock.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { type Logger } from '#server/engine/logger.ts';

/** Turns under way at once; a log that is slow makes the producer slower, not the process larger. */
const MAX_AT_ONCE = 32;
/** What was missed by more than this is not made up for. */
const CATCH_UP_MS = 250;
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 5_000;

export type ProducerLoopDependencies = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** One turn. It is given its number within this loop, from 0. */
  readonly produce: (turn: number) => Promise<void>;
};

/**
 * Calls `produce` at a steady rate that may be changed while it runs. Turns are counted from a schedule, not from timer to
 * timer, so the rate does not drift. When the log refuses, it waits, longer each time, and goes on.
 */
export class ProducerLoop {
  readonly #deps: ProducerLoopDependencies;
  readonly #stopped = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #changed = new AbortController();
  #ratePerSecond: number;
  #nextAt = 0;
  #turn = 0;
  #backOffMs = 0;
  #backOffUntil = 0;
  #loop: Promise<void> | null = null;

  constructor(deps: ProducerLoopDependencies, ratePerSecond: number) {
    this.#deps = deps;
    this.#ratePerSecond = ratePerSecond;
  }

  start(): void {
    this.#nextAt = this.#deps.clock.monotonicMs();
    this.#loop ??= this.#run();
  }

  /** Waits for the turns under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#changed.abort();
    await this.#loop;
    await Promise.all(this.#running);
  }

  setRate(ratePerSecond: number): void {
    this.#ratePerSecond = ratePerSecond;
    this.#nextAt = this.#deps.clock.monotonicMs();
    this.#changed.abort();
  }

  async #run(): Promise<void> {
    const { clock } = this.#deps;
    while (!this.#stopped.signal.aborted) {
      const now = clock.monotonicMs();
      this.#nextAt = Math.max(this.#nextAt, now - CATCH_UP_MS);
      const waitMs = Math.max(this.#nextAt, this.#backOffUntil) - now;
      if (waitMs > 0) {
        await this.#sleep(waitMs);
      } else if (this.#running.size >= MAX_AT_ONCE) {
        await Promise.race(this.#running);
      } else {
        this.#nextAt += 1_000 / this.#ratePerSecond;
        this.#begin();
      }
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#changed.signal.aborted) this.#changed = new AbortController();
    await this.#deps.clock.sleep(ms, this.#changed.signal);
  }

  #begin(): void {
    const turn = this.#turn;
    this.#turn += 1;
    const running = this.#take(turn).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #take(turn: number): Promise<void> {
    try {
      await this.#deps.produce(turn);
      this.#backOffMs = 0;
    } catch (error) {
      this.#backOff(error);
    }
  }

  #backOff(error: unknown): void {
    const { clock, logger } = this.#deps;
    if (this.#backOffUntil > clock.monotonicMs()) return;
    const asked = isEngineError(error) ? Number(error.details['retryAfterMs'] ?? 0) : 0;
    this.#backOffMs = Math.min(
      Math.max(this.#backOffMs * 2, FIRST_BACK_OFF_MS, asked),
      LONGEST_BACK_OFF_MS,
    );
    this.#backOffUntil = clock.monotonicMs() + this.#backOffMs;
    if (!this.#stopped.signal.aborted)
      logger.warn({ err: error, waitMs: this.#backOffMs }, 'a producer was refused; it waits');
  }
}
