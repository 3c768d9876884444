import { setTimeout as sleep } from 'node:timers/promises';
import { publishResponseSchema } from '#contracts/event.ts';
import { ask } from './api-client.ts';
import { BackgroundLoop } from './background-loop.ts';
import { type Journal, type Produced } from './journal.ts';

export const SOURCE = '/faults';
export const TYPES = ['load.even', 'load.odd'] as const;
const MAX_BATCH = 5;
const PAUSE_MAX_MS = 30;
const RETRY_AFTER_MS = 100;
const GIVE_UP_AFTER_MS = 60_000;

export type ProducerOptions = {
  readonly name: string;
  readonly url: string;
  /** Servers of the same log: requests go to all in turn, and so do the attempts of one. */
  readonly otherUrls?: readonly string[];
  /** After this the outcome counts as unknown. */
  readonly answerWithinMs?: number;
  readonly topic: string;
  /** No other producer may use these. */
  readonly keys: readonly string[];
  readonly journal: Journal;
  readonly random: () => number;
  /** Stops by itself after this many events. */
  readonly limit?: number;
  readonly maxBatch?: number;
  readonly pauseMaxMs?: number;
};

/**
 * Publishes events of its own keys, singles and small batches, one request at a time. A request whose outcome it does
 * not know is sent again with the same ids before anything else: the sequence numbers of a key have no hole, ever.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #loop = new BackgroundLoop(() => this.#run());
  readonly #sequences = new Map<string, number>();
  readonly #waiting: {
    readonly invokedAfterMs: number;
    readonly resolve: (atMs: number) => void;
  }[] = [];
  #requests = 0;
  #published = 0;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  get published(): number {
    return this.#published;
  }

  start(): void {
    this.#loop.start();
  }

  /** Resolves when the last request has a known outcome. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Does not wait for outcomes that do not come. */
  abandon(): Promise<void> {
    return this.#loop.abandon();
  }

  /** Resolves when it has published what it was limited to. */
  finished(): Promise<void> {
    return this.#loop.finished();
  }

  /** When a request that left after this moment was acknowledged. */
  acknowledgedAfter(invokedAfterMs: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.push({ invokedAfterMs, resolve }));
  }

  async #run(): Promise<void> {
    const { random, limit = Number.POSITIVE_INFINITY } = this.#options;
    const { maxBatch = MAX_BATCH, pauseMaxMs = PAUSE_MAX_MS } = this.#options;
    while (!this.#loop.isStopping && this.#published < limit) {
      const size = random() < 0.5 ? 1 : 1 + Math.floor(random() * maxBatch);
      const events = Array.from({ length: Math.min(size, limit - this.#published) }, () =>
        this.#next(),
      );
      await this.#publish(events);
      this.#published += events.length;
      if (pauseMaxMs > 0) await sleep(random() * pauseMaxMs);
    }
  }

  #next(): Produced {
    const { keys, random, name } = this.#options;
    const key = keys[Math.floor(random() * keys.length)] ?? name;
    const sequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequence + 1);
    return { id: `${key}-${sequence}`, key, sequence, type: TYPES[sequence % 2] ?? TYPES[0] };
  }

  async #publish(events: readonly Produced[]): Promise<void> {
    const deadline = performance.now() + GIVE_UP_AFTER_MS;
    while (!(await this.#attempt(events))) {
      if (this.#loop.isAbandoned) return;
      if (performance.now() > deadline)
        throw new Error(`${this.#options.name} was not answered for ${GIVE_UP_AFTER_MS} ms.`);
      await sleep(RETRY_AFTER_MS);
    }
  }

  /** Whether the outcome is known. A refusal is an error of the test: these events are valid. */
  async #attempt(events: readonly Produced[]): Promise<boolean> {
    const { journal, name, url, otherUrls = [], topic, answerWithinMs } = this.#options;
    this.#requests += 1;
    const server = [url, ...otherUrls].at(this.#requests % (otherUrls.length + 1)) ?? url;
    const request = `${name}-${this.#requests}`;
    await journal.write({ step: 'publish.invoke', request, events: [...events] });
    const invokedAtMs = performance.now();
    try {
      const bodies = events.map(toCloudEvent);
      const body = bodies.length === 1 ? bodies[0] : bodies;
      const answer = await ask(
        `${server}/api/v1/topics/${topic}/events`,
        'POST',
        body,
        answerWithinMs,
      );
      const reason = `${answer.status} ${JSON.stringify(answer.body)}`;
      if (answer.status === 201) {
        const receipts = publishResponseSchema.parse(answer.body).events;
        await journal.write({ step: 'publish.ok', request, receipts });
        this.#tell(invokedAtMs);
        return true;
      }
      if (answer.status < 500 && answer.status !== 429) {
        await journal.write({ step: 'publish.fail', request, reason });
        throw new RefusedError(reason);
      }
      await journal.write({ step: 'publish.unknown', request, reason });
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      await journal.write({ step: 'publish.unknown', request, reason: String(error) });
    }
    return false;
  }

  #tell(invokedAtMs: number): void {
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.invokedAfterMs < invokedAtMs) waiting.resolve(performance.now());
      else this.#waiting.push(waiting);
    }
  }
}

class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

function toCloudEvent({ id, key, sequence, type }: Produced): Record<string, unknown> {
  return { specversion: '1.0', id, source: SOURCE, type, partitionkey: key, data: { sequence } };
}
