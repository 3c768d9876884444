import { setTimeout as sleep } from 'node:timers/promises';
import { eventPageSchema } from '#contracts/event.ts';
import { ask } from './api-client.ts';
import { BackgroundLoop } from './background-loop.ts';
import { type Journal, type Polled } from './journal.ts';

const PAGE = 200;
const RETRY_AFTER_MS = 50;
const PAUSE_MAX_MS = 60;
/** How often a reader forgets where it was and begins anew, a little before or, rarely, at the start. */
const NEW_SESSION_SHARE = 0.02;
const FROM_START_SHARE = 0.05;
const BACK_MAX = 2_000;

export type LogReaderOptions = {
  readonly url: string;
  readonly topic: string;
  readonly journal: Journal;
  readonly random: () => number;
};

/** Polls the log page by page from a position of its own, and writes down what each poll gave and when it was asked. */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #loop = new BackgroundLoop(() => this.#run());
  #session = 1;
  #after = 0;
  #furthest = 0;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  abandon(): Promise<void> {
    return this.#loop.abandon();
  }

  async #run(): Promise<void> {
    const { random } = this.#options;
    while (!this.#loop.isStopping) {
      if (random() < NEW_SESSION_SHARE) {
        this.#session += 1;
        const back = random() < FROM_START_SHARE ? this.#furthest : Math.floor(random() * BACK_MAX);
        this.#after = Math.max(0, this.#furthest - back);
      }
      const isAtEnd = await this.#poll();
      if (isAtEnd) await sleep(random() * PAUSE_MAX_MS);
    }
  }

  /** Whether there was nothing more, or no answer. */
  async #poll(): Promise<boolean> {
    const { url, topic, journal } = this.#options;
    const invokedAtMs = Date.now();
    const page = await this.#page(
      `${url}/api/v1/events?topic=${topic}&fromPosition=${this.#after + 1}&limit=${PAGE}`,
    );
    if (page === undefined) {
      await sleep(RETRY_AFTER_MS);
      return true;
    }
    const events = page.items.map(({ id, position }): Polled => ({ id, position }));
    const isAtEnd = page.nextCursor === null;
    const session = String(this.#session);
    await journal.write({
      step: 'polled',
      session,
      invokedAtMs,
      after: this.#after,
      isAtEnd,
      events,
    });
    this.#after = events.reduce((last, { position }) => Math.max(last, position), this.#after);
    this.#furthest = Math.max(this.#furthest, this.#after);
    return isAtEnd;
  }

  async #page(address: string) {
    try {
      const answer = await ask(address, 'GET');
      return answer.status === 200 ? eventPageSchema.parse(answer.body) : undefined;
    } catch (error) {
      if (error instanceof Error && error.name === 'ZodError') throw error;
      return undefined;
    }
  }
}
