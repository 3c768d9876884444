import { z } from 'zod';
import {
  type Causation,
  causationSchema,
  type EventDelivery,
  type EventFilter,
  type EventPage,
  eventDeliverySchema,
  eventPageSchema,
  type PublishReceipt,
  publishResponseSchema,
  type StoredEvent,
  storedEventSchema,
} from '#contracts/event.ts';
import { type RequestOptions, request, send } from './client.ts';

/** Fields of `GET /events`, all optional. */
export type EventSearch = Partial<EventFilter> & {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly timeField?: 'time' | 'recorded' | undefined;
  readonly fromPosition?: number | undefined;
  readonly toPosition?: number | undefined;
  readonly direction?: 'forward' | 'backward' | undefined;
  readonly limit?: number | undefined;
};

type Signal = RequestOptions['signal'];

export function fetchEvents(
  search: EventSearch & { readonly cursor?: string | undefined },
  signal?: Signal,
): Promise<EventPage> {
  return request(eventPageSchema, '/events', { query: search, signal });
}

export function fetchEvent(id: string, signal?: Signal): Promise<StoredEvent> {
  return request(storedEventSchema, `/events/${encodeURIComponent(id)}`, { signal });
}

/** How every subscription stands to the event. */
export async function fetchEventDeliveries(
  id: string,
  signal?: Signal,
): Promise<readonly EventDelivery[]> {
  const path = `/events/${encodeURIComponent(id)}/deliveries`;
  const page = await request(z.object({ items: z.array(eventDeliverySchema) }), path, { signal });
  return page.items;
}

export function fetchEventCausation(id: string, signal?: Signal): Promise<Causation> {
  return request(causationSchema, `/events/${encodeURIComponent(id)}/causation`, { signal });
}

export const EXPORT_FORMATS = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;

/** All matches as one file. */
export async function exportEvents(
  search: EventSearch,
  format: keyof typeof EXPORT_FORMATS,
  signal?: Signal,
): Promise<Blob> {
  const response = await send('/events', { query: search, accept: EXPORT_FORMATS[format], signal });
  return response.blob();
}

/** Publishes one plain JSON event; missing id, time and source are filled by the server. */
export async function publishEvent(
  topic: string,
  event: { readonly type: string; readonly data?: unknown; readonly subject?: string },
): Promise<readonly PublishReceipt[]> {
  const path = `/topics/${encodeURIComponent(topic)}/events`;
  const answer = await request(publishResponseSchema, path, { method: 'POST', body: event });
  return answer.events;
}
