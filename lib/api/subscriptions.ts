import { z } from 'zod';
import {
  type ConsumerHistory,
  consumerHistorySchema,
  type Lag,
  lagSchema,
  type ResetResponse,
  type ResetTarget,
  resetResponseSchema,
  type Subscription,
  subscriptionSchema,
  type subscriptionSettingsSchema,
} from '#contracts/subscription.ts';
import { type RequestOptions, request, send } from './client.ts';

export type HistoryQuery = {
  readonly after: string;
  readonly before: string;
  readonly stepMs?: number | undefined;
};

/** What a subscription is made of; what is left out gets the server's default. */
export type SubscriptionDraft = z.input<typeof subscriptionSettingsSchema>;

type Signal = RequestOptions['signal'];

export async function fetchSubscriptions(signal?: Signal): Promise<readonly Subscription[]> {
  const schema = z.object({ items: z.array(subscriptionSchema) });
  const page = await request(schema, '/subscriptions', { signal });
  return page.items;
}

export function fetchSubscription(name: string, signal?: Signal): Promise<Subscription> {
  return request(subscriptionSchema, pathOf(name), { signal });
}

export function fetchLag(name: string, signal?: Signal): Promise<Lag> {
  return request(lagSchema, `${pathOf(name)}/lag`, { signal });
}

export function fetchHistory(
  name: string,
  query: HistoryQuery,
  signal?: Signal,
): Promise<ConsumerHistory> {
  return request(consumerHistorySchema, `${pathOf(name)}/history`, { query, signal });
}

/** Makes it, or changes the settings of the one with this name. */
export function putSubscription(name: string, draft: SubscriptionDraft): Promise<Subscription> {
  return request(subscriptionSchema, pathOf(name), { method: 'PUT', body: draft });
}

/** Removes it with its offsets and letters; cannot be undone. */
export async function deleteSubscription(name: string): Promise<void> {
  await send(pathOf(name), { method: 'DELETE' });
}

export function pauseSubscription(name: string): Promise<Subscription> {
  return request(subscriptionSchema, `${pathOf(name)}/pause`, { method: 'POST', body: {} });
}

export function resumeSubscription(name: string): Promise<Subscription> {
  return request(subscriptionSchema, `${pathOf(name)}/resume`, { method: 'POST', body: {} });
}

export function setBreaker(name: string, state: 'open' | 'closed'): Promise<Subscription> {
  return request(subscriptionSchema, `${pathOf(name)}/breaker`, {
    method: 'POST',
    body: { state },
  });
}

/** With `dryRun` nothing moves; the answer says per partition what would. */
export function resetSubscription(
  name: string,
  to: ResetTarget,
  dryRun: boolean,
): Promise<ResetResponse> {
  const body = { to, dryRun };
  return request(resetResponseSchema, `${pathOf(name)}/reset`, { method: 'POST', body });
}

function pathOf(name: string): string {
  return `/subscriptions/${encodeURIComponent(name)}`;
}
