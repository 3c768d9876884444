import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';

/** What is noted is stored this long after at the latest, … */
const WRITE_EVERY_MS = 100;
/** … or when this many events are done. What lies between is delivered again after a crash. */
const WRITE_EVERY_EVENTS = 2_000;
const RETRY_MS = 500;

/** Collects what has changed and writes it from time to time, all in one go and one write at a time. */
export class BatchedWrites<Item> {
  readonly #write: (items: readonly Item[]) => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #dirty = new Set<Item>();
  #events = 0;
  #timer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** When `write` rejects, its items stay noted and are written again. */
  constructor(deps: {
    readonly write: (items: readonly Item[]) => Promise<void>;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#clock = deps.clock;
    this.#write = deps.write;
    this.#logger = deps.logger;
  }

  /** One more event of the item is done. */
  note(item: Item): void {
    this.#dirty.add(item);
    this.#events += 1;
    if (this.#events >= WRITE_EVERY_EVENTS) this.#start();
    else this.#setTimer(WRITE_EVERY_MS);
  }

  /** Stores everything noted until now. Rejects when the database does. */
  async flush(): Promise<void> {
    this.#clearTimer();
    const before = this.#last;
    this.#last = (async () => {
      await before.catch(() => undefined);
      await this.#writeAll();
    })();
    await this.#last;
  }

  /** Forgets what is not stored: it will be delivered again. */
  drop(): void {
    this.#clearTimer();
    this.#dirty.clear();
  }

  #start(): void {
    // One that rings during a write must not stand for the next one: the end of the write sets it anew.
    this.#clearTimer();
    if (this.#writing !== undefined) return;
    this.#writing = this.flush()
      .catch((error: unknown) => {
        this.#logger.warn({ err: error }, 'progress could not be stored and is stored later');
        this.#setTimer(RETRY_MS);
      })
      .finally(() => {
        this.#writing = undefined;
        if (this.#dirty.size > 0) this.#setTimer(WRITE_EVERY_MS);
      });
  }

  #setTimer(ms: number): void {
    this.#timer ??= this.#clock.after(ms, () => this.#start());
  }

  #clearTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  async #writeAll(): Promise<void> {
    const items = [...this.#dirty];
    this.#dirty.clear();
    this.#events = 0;
    try {
      await this.#write(items);
    } catch (error) {
      for (const item of items) this.#dirty.add(item);
      throw error;
    }
  }
}
