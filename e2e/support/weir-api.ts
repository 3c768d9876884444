import { type APIRequestContext, type APIResponse, expect } from '@playwright/test';
import { type z } from 'zod';
import { type DeadLetter, deadLetterSchema } from '#contracts/dead-letter.ts';
import {
  eventPageSchema,
  type PublishReceipt,
  publishResponseSchema,
  type StoredEvent,
} from '#contracts/event.ts';
import { type Operation, operationSchema } from '#contracts/operation.ts';
import { PAGE_LIMIT_MAX, pageOf } from '#contracts/page.ts';
import { type Fault, type Scenario, scenarioSchema } from '#contracts/scenario.ts';
import {
  type PulledDelivery,
  receiveResponseSchema,
  type Subscription,
  subscriptionSchema,
} from '#contracts/subscription.ts';

/** An event as a story writes it; the rest is filled by Weir. */
export type NewEvent = {
  readonly type: string;
  readonly source?: string;
  readonly subject?: string;
  readonly data?: unknown;
  readonly correlationid?: string;
};

const MAX_RECEIVED = 1_000;
const HEALTHY: Fault = { failureRate: 0, latencyMs: 0, crashRate: 0, duplicateRate: 0 };

/**
 * Weir as any program outside sees it: what a story needs to exist is made here, and what it claims is checked here. What it
 * changed is put back by `cleanUp`, last change first. Topics stay: there is no way to remove one.
 */
export class WeirApi {
  readonly #http: APIRequestContext;
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(http: APIRequestContext) {
    this.#http = http;
  }

  async publish(topic: string, events: readonly NewEvent[]): Promise<readonly PublishReceipt[]> {
    const response = await this.#http.post(`/api/v1/topics/${topic}/events`, {
      headers: { 'content-type': 'application/json' },
      data: JSON.stringify(events),
    });
    return (await parse(response, publishResponseSchema)).events;
  }

  /** A consumer that this story drives by hand; it hears one topic from its beginning. */
  async makePullConsumer(name: string, topic: string): Promise<void> {
    const response = await this.#http.put(`/api/v1/subscriptions/${name}`, {
      data: { filter: { topics: [topic] }, delivery: { kind: 'pull' } },
    });
    await parse(response, subscriptionSchema);
    this.willRemove(name);
  }

  /** A story that makes a subscription leaves none, even when it fails half-way. */
  willRemove(name: string): void {
    this.#undo.push(() => this.#http.delete(`/api/v1/subscriptions/${name}`));
  }

  /** What is due now, or within `waitMs`; nothing of it is acknowledged yet. */
  async receive(name: string, waitMs = 0): Promise<readonly PulledDelivery[]> {
    const response = await this.#http.post(`/api/v1/subscriptions/${name}/receive`, {
      data: { max: MAX_RECEIVED, waitMs },
    });
    return (await parse(response, receiveResponseSchema)).deliveries;
  }

  async acknowledge(name: string, deliveries: readonly PulledDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const response = await this.#http.post(`/api/v1/subscriptions/${name}/ack`, {
      data: { deliveryIds: deliveries.map(({ deliveryId }) => deliveryId) },
    });
    await expect(response).toBeOK();
  }

  /** Fails a delivery in a way that no retry cures: it is a dead letter at once. */
  async reject(name: string, delivery: PulledDelivery, message: string): Promise<void> {
    const response = await this.#http.post(`/api/v1/subscriptions/${name}/nack`, {
      data: {
        deliveryId: delivery.deliveryId,
        error: { class: 'CardDeclined', message },
        retryable: false,
      },
    });
    await expect(response).toBeOK();
  }

  /** Receives and acknowledges until `count` deliveries came. */
  async consume(name: string, count: number): Promise<readonly PulledDelivery[]> {
    const all: PulledDelivery[] = [];
    await expect
      .poll(async () => {
        const deliveries = await this.receive(name, 500);
        await this.acknowledge(name, deliveries);
        all.push(...deliveries);
        return all.length;
      })
      .toBeGreaterThanOrEqual(count);
    return all;
  }

  async subscription(name: string): Promise<Subscription> {
    return parse(await this.#http.get(`/api/v1/subscriptions/${name}`), subscriptionSchema);
  }

  /** A story that pauses a consumer leaves it running, even when it fails half-way. */
  willResume(name: string): void {
    this.#undo.push(() => this.#http.post(`/api/v1/subscriptions/${name}/resume`, { data: {} }));
  }

  async events(query: Readonly<Record<string, string>>): Promise<readonly StoredEvent[]> {
    const response = await this.#http.get('/api/v1/events', {
      params: { limit: PAGE_LIMIT_MAX, ...query },
    });
    return (await parse(response, eventPageSchema)).items;
  }

  async letters(query: Readonly<Record<string, string>>): Promise<readonly DeadLetter[]> {
    const response = await this.#http.get('/api/v1/dead-letters', {
      params: { limit: PAGE_LIMIT_MAX, ...query },
    });
    return (await parse(response, pageOf(deadLetterSchema))).items;
  }

  /** Waits until at least one letter is open: the shop has one within seconds of its first start. */
  async hasLetters(): Promise<void> {
    await expect
      .poll(async () => (await this.letters({ status: 'open' })).length, { timeout: 40_000 })
      .toBeGreaterThan(0);
  }

  async operations(): Promise<readonly Operation[]> {
    const response = await this.#http.get('/api/v1/operations');
    return (await parse(response, pageOf(operationSchema))).items;
  }

  /** A story that starts a sample system stops it, even when it fails half-way. */
  willStop(name: string): void {
    this.#undo.push(() => this.#http.post(`/api/v1/scenarios/${name}/stop`, { data: {} }));
  }

  /** Breaks one consumer of the shop; when the story is over it is as it was. */
  async breakConsumer(name: string, failureRate: number): Promise<void> {
    const before = (await this.scenario('shop')).faults[name] ?? HEALTHY;
    this.#undo.push(() => this.#setFault(name, before));
    await this.#setFault(name, { ...HEALTHY, failureRate, errorClass: 'BrokenByStory' });
  }

  async scenario(name: string): Promise<Scenario> {
    const response = await this.#http.get('/api/v1/scenarios');
    const { items } = await parse(response, pageOf(scenarioSchema));
    const scenario = items.find((one) => one.name === name);
    if (!scenario) throw new Error(`There is no scenario called ${name}.`);
    return scenario;
  }

  async cleanUp(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo();
  }

  async #setFault(name: string, fault: Fault): Promise<void> {
    const response = await this.#http.put('/api/v1/scenarios/shop', {
      data: { faults: { [name]: fault } },
    });
    await parse(response, scenarioSchema);
  }
}

async function parse<Schema extends z.ZodType>(
  response: APIResponse,
  schema: Schema,
): Promise<z.output<Schema>> {
  await expect(response).toBeOK();
  return schema.parse(await response.json());
}
