import { z } from 'zod';
import { deadLetterSchema } from '#contracts/dead-letter.ts';
import {
  type PublishReceipt,
  publishResponseSchema,
  type StoredEvent,
  storedEventSchema,
} from '#contracts/event.ts';
import { operationSchema } from '#contracts/operation.ts';
import { pageOf } from '#contracts/page.ts';
import { lagSchema, subscriptionSchema } from '#contracts/subscription.ts';
import { until } from './until.ts';

const TIMEOUT_MS = 10_000;
const EXPORT_TIMEOUT_MS = 120_000;
/** What is left grows fewer at least once in so long; a busy machine may need more of it. */
const STALLED_AFTER_MS = 60_000;
const DRAINED_WITHIN_MS = 300_000;
const ENDED_WITHIN_MS = 60_000;
const COUNTS_AGE_MAX_MS = 1_000;
const MAX_PAGES = 1_000;

export type Answer = { readonly status: number; readonly body: unknown };

/** One request. Rejects when no whole answer came, which says nothing about what the server did. */
export async function ask(
  url: string,
  method: 'GET' | 'POST' | 'PUT',
  body?: unknown,
  withinMs = TIMEOUT_MS,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(withinMs),
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** The questions a test asks while nothing is wrong: anything but the expected answer is an error. */
export class ApiClient {
  readonly #root: string;

  constructor(serverUrl: string) {
    this.#root = `${serverUrl}/api/v1`;
  }

  async putTopic(name: string, partitions: number): Promise<void> {
    await this.#request('PUT', `/topics/${name}`, z.unknown(), { partitions });
  }

  async putSubscription(name: string, settings: unknown): Promise<void> {
    await this.#request('PUT', `/subscriptions/${name}`, z.unknown(), settings);
  }

  subscription(name: string) {
    return this.#request('GET', `/subscriptions/${name}`, subscriptionSchema);
  }

  /** Sends an event of the log again, under its own id. */
  async publishAgain({ topic, id, source, type }: StoredEvent): Promise<PublishReceipt> {
    const body = { specversion: '1.0', id, source, type, data: { sequence: -1 } };
    const path = `/topics/${topic}/events`;
    const { events } = await this.#request('POST', path, publishResponseSchema, body);
    const [receipt] = events;
    if (receipt === undefined) throw new Error(`${path} answered without a receipt.`);
    return receipt;
  }

  /** Who owns each partition; null for nobody. */
  async owners(subscription: string): Promise<ReadonlyMap<number, string | null>> {
    const { partitions } = await this.#request(
      'GET',
      `/subscriptions/${subscription}/lag`,
      lagSchema,
    );
    return new Map(partitions.map(({ partition, owner }) => [partition, owner]));
  }

  /** Nothing of the subscription is left to deliver, to retry or in flight, and that for longer than counts may be old. */
  async untilDrained(name: string, stalledAfterMs = STALLED_AFTER_MS): Promise<void> {
    let emptySinceMs: number | undefined;
    let left = '';
    let least = Number.POSITIVE_INFINITY;
    let fewerMs = performance.now();
    await until(
      () => `${name} is drained${left}`,
      DRAINED_WITHIN_MS,
      async () => {
        const { lag, retrying, inFlight, parked, state } = await this.subscription(name);
        left = `: ${state}, ${lag} behind, ${inFlight} in flight, ${retrying} retrying, ${parked} parked`;
        const sum = lag + retrying + inFlight + parked;
        if (sum < least) {
          least = sum;
          fewerMs = performance.now();
        }
        if (sum > 0 && performance.now() - fewerMs > stalledAfterMs)
          throw new Error(`${name} has had ${least} left for ${stalledAfterMs} ms${left}.`);
        emptySinceMs = sum === 0 ? (emptySinceMs ?? performance.now()) : undefined;
        if (emptySinceMs === undefined) return undefined;
        return performance.now() - emptySinceMs > COUNTS_AGE_MAX_MS ? true : undefined;
      },
    );
  }

  startOperation(path: '/replays' | '/dead-letters/redrive', request: unknown) {
    return this.#request('POST', path, operationSchema, request);
  }

  operation(id: string) {
    return this.#request('GET', `/operations/${id}`, operationSchema);
  }

  /** The operation when it has come to its end, whatever end that is. */
  async untilEnded(id: string) {
    return until(`operation ${id} has ended`, ENDED_WITHIN_MS, async () => {
      const operation = await this.operation(id);
      return operation.finishedAt === null ? undefined : operation;
    });
  }

  /** Every letter of a subscription, oldest page first as the server gives them. */
  async letters(subscription: string) {
    const page = pageOf(deadLetterSchema);
    const letters: z.infer<typeof deadLetterSchema>[] = [];
    let cursor: string | null = '';
    for (let i = 0; i < MAX_PAGES && cursor !== null; i += 1) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/dead-letters?limit=500&subscription=${subscription}${query}`;
      const { items, nextCursor }: z.infer<typeof page> = await this.#request('GET', path, page);
      letters.push(...items);
      cursor = nextCursor;
    }
    return letters;
  }

  /** The whole log in the order of positions, system topics included. */
  async log(): Promise<readonly StoredEvent[]> {
    const response = await fetch(`${this.#root}/events?topic=*&topic=$system`, {
      headers: { accept: 'application/x-ndjson' },
      signal: AbortSignal.timeout(EXPORT_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The export answered ${response.status}: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => storedEventSchema.parse(JSON.parse(line)));
  }

  async #request<Body>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    schema: z.ZodType<Body>,
    body?: unknown,
  ): Promise<Body> {
    const answer = await ask(`${this.#root}${path}`, method, body);
    if (answer.status >= 300)
      throw new Error(
        `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`,
      );
    return schema.parse(answer.body);
  }
}
