import { type Database } from '#server/storage/database.ts';
import { rollCounts, selectCountsCursor, sweepCounts } from '#server/storage/event-count-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { KEPT_SECONDS } from './count-segments.ts';

const ROLL_EVERY_MS = 1_000;
const RETRY_AFTER_MS = 5_000;
const MAX_ROLL_POSITIONS = 50_000;
const SWEEP_EVERY_MS = 60_000;
const SWEEP_ROWS = 5_000;
const MAX_SWEEPS = 20;

type EventCountsDependencies = {
  readonly database: Database;
  readonly log: Pick<EventLog, 'tailPosition' | 'onTail'>;
  readonly clock: Clock;
  readonly logger: Logger;
};

/**
 * Follows the log and counts events per second, minute and hour. The counts and their cursor move in one statement: a
 * crash repeats nothing and loses nothing. Sleeps until the tail moves; rolls about once a second when it does.
 */
export class EventCounts implements Service {
  readonly name = 'event-counts';
  readonly #deps: EventCountsDependencies;
  #abort: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #position = 0;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: EventCountsDependencies) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    if (this.#abort !== undefined) return Promise.resolve();
    const abort = new AbortController();
    this.#abort = abort;
    const stopListening = this.#deps.log.onTail(() => this.#wake());
    this.#running = this.#run(abort.signal).finally(stopListening);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#wake();
    await this.#running;
    this.#abort = undefined;
  }

  /** Rolls up everything recorded so far. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const { pool } = this.#deps.database;
    this.#position = await selectCountsCursor(pool);
    while (this.#position < this.#deps.log.tailPosition()) {
      if (signal?.aborted === true) return;
      const to = Math.min(this.#deps.log.tailPosition(), this.#position + MAX_ROLL_POSITIONS);
      const moved = await rollCounts(pool, this.#position, to);
      // Not moved: another process rolled meanwhile; go on from where it left the cursor.
      this.#position = moved ? to : await selectCountsCursor(pool);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pause = ROLL_EVERY_MS;
      try {
        await this.catchUp(signal);
        await this.#sweep();
      } catch (error) {
        pause = RETRY_AFTER_MS;
        this.#deps.logger.warn({ error }, 'Events could not be counted; trying again.');
      }
      await this.#deps.clock.sleep(pause, signal);
      if (pause === ROLL_EVERY_MS) await this.#untilTailMoves(signal);
    }
  }

  async #untilTailMoves(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#deps.log.tailPosition() > this.#position) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #sweep(): Promise<void> {
    const now = this.#deps.clock.monotonicMs();
    if (now - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = now;
    const { pool } = this.#deps.database;
    for (const resolution of [1, 10, 60] as const) {
      for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
        const removed = await sweepCounts(pool, resolution, KEPT_SECONDS[resolution], SWEEP_ROWS);
        if (removed < SWEEP_ROWS) break;
      }
    }
  }
}
