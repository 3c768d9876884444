import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  ackResponseSchema,
  type PulledDelivery,
  receiveResponseSchema,
} from '#contracts/subscription.ts';
import { ask } from './api-client.ts';
import { BackgroundLoop } from './background-loop.ts';
import { type Journal, type Received } from './journal.ts';

const RETRY_AFTER_MS = 50;
const RECEIVE_WAIT_MS = 1_000;
const RECEIVE_MAX = 200;
const SETTLE_WITHIN_MS = 30_000;

const payloadSchema = z.object({ sequence: z.number().int() });

export type PullConsumerOptions = {
  readonly subscription: string;
  readonly url: string;
  readonly journal: Journal;
  /** Whether it refuses a delivery; without this it refuses none. */
  readonly refuses?: (delivery: Received) => boolean;
  readonly receiveMax?: number;
  readonly onReceived?: (deliveries: readonly Received[]) => void;
  readonly onAcknowledged?: (deliveryIds: readonly string[]) => void;
  /** After this the outcome of settling them counts as unknown. */
  readonly settledWithinMs?: number;
  /** How long it keeps deliveries before it settles them; not at all without it. */
  readonly holdsMs?: () => number;
};

/** Receives and settles in a loop, one answer at a time. What it could not settle it settles again while it may. */
export class PullConsumer {
  readonly #options: PullConsumerOptions;
  readonly #loop = new BackgroundLoop(() => this.#run());
  readonly #root: string;
  #acknowledged = 0;

  constructor(options: PullConsumerOptions) {
    this.#options = options;
    this.#root = `${options.url}/api/v1/subscriptions/${options.subscription}`;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Does not wait for outcomes that do not come. */
  abandon(): Promise<void> {
    return this.#loop.abandon();
  }

  async #run(): Promise<void> {
    while (!this.#loop.isStopping) {
      const deliveries = await this.#receive();
      if (deliveries.length > 0) await this.#settleAll(deliveries);
    }
  }

  async #receive(): Promise<readonly Received[]> {
    try {
      const { receiveMax: max = RECEIVE_MAX } = this.#options;
      const request = { max, waitMs: RECEIVE_WAIT_MS };
      const answer = await ask(`${this.#root}/receive`, 'POST', request);
      if (answer.status === 200) {
        const deliveries = receiveResponseSchema.parse(answer.body).deliveries.map(toReceived);
        if (deliveries.length > 0) {
          await this.#options.journal.write({ step: 'received', deliveries });
          this.#options.onReceived?.(deliveries);
        }
        return deliveries;
      }
    } catch (error) {
      if (error instanceof z.ZodError) throw error;
    }
    await sleep(RETRY_AFTER_MS);
    return [];
  }

  async #settleAll(deliveries: readonly Received[]): Promise<void> {
    const { refuses = () => false, holdsMs } = this.#options;
    if (holdsMs !== undefined) await sleep(holdsMs());
    const refused = deliveries.filter(refuses);
    const handled = deliveries.filter((delivery) => !refused.includes(delivery));
    if (handled.length > 0) {
      const deliveryIds = handled.map((delivery) => delivery.deliveryId);
      await this.#settle('ack', deliveryIds, { deliveryIds });
    }
    for (const { deliveryId } of refused)
      await this.#settle('nack', [deliveryId], { deliveryId, error: 'refused on purpose' });
  }

  async #settle(verdict: 'ack' | 'nack', deliveryIds: string[], body: unknown): Promise<void> {
    const { journal } = this.#options;
    const deadline = performance.now() + SETTLE_WITHIN_MS;
    while (performance.now() < deadline && !this.#loop.isAbandoned) {
      await journal.write({ step: 'settle.invoke', verdict, deliveryIds });
      const reason = await this.#trySettle(verdict, body);
      if (reason === undefined) return;
      await journal.write({ step: 'settle.unknown', verdict, deliveryIds, reason });
      await sleep(RETRY_AFTER_MS);
    }
  }

  /** Why the outcome is not known; undefined when it is. */
  async #trySettle(verdict: 'ack' | 'nack', body: unknown): Promise<string | undefined> {
    try {
      const answer = await ask(
        `${this.#root}/${verdict}`,
        'POST',
        body,
        this.#options.settledWithinMs,
      );
      if (answer.status !== 200) return `${answer.status} ${JSON.stringify(answer.body)}`;
      const { acknowledged, expired } = ackResponseSchema.parse(answer.body);
      if (verdict === 'ack') {
        this.#acknowledged += acknowledged.length;
        this.#options.onAcknowledged?.(acknowledged);
      }
      await this.#options.journal.write({ step: 'settle.ok', verdict, acknowledged, expired });
      return undefined;
    } catch (error) {
      return String(error);
    }
  }
}

function toReceived({ deliveryId, attempt, event, replay, redrive }: PulledDelivery): Received {
  return {
    deliveryId,
    attempt,
    eventId: event.id,
    position: event.position,
    partition: event.partition,
    key: event.partitionkey ?? '',
    sequence: payloadSchema.parse(event.data).sequence,
    replay: replay?.operationId ?? null,
    redrive: redrive?.operationId ?? null,
  };
}
