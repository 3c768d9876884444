import { z } from 'zod';
import { cursorSchema, limitSchema, timeSchema } from './page.ts';

export const MAX_EVENT_BYTES = 1_048_576;
export const MAX_BATCH_EVENTS = 1_000;
export const MAX_BATCH_BYTES = 8 * 1_048_576;
export const MAX_JSON_DEPTH = 256;
/** Bound of `id`, `source`, `type`, `subject`, `partitionkey` and of every extension value, in characters. */
export const MAX_ATTRIBUTE_LENGTH = 1_024;
export const MAX_EXTENSIONS = 64;

/**
 * An event as it is read: CloudEvents 1.0 attributes flat, extensions beside them, and where the log holds it.
 * `data` is JSON; binary payloads come as `data_base64` instead.
 */
export const storedEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string().optional(),
  time: timeSchema,
  datacontenttype: z.string().optional(),
  dataschema: z.string().optional(),
  data: z.unknown().optional(),
  data_base64: z.string().optional(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
  partitionkey: z.string().optional(),
  topic: z.string(),
  partition: z.number().int(),
  offset: z.number().int(),
  position: z.number().int(),
  recordedAt: timeSchema,
  stream: z.string().optional(),
  version: z.number().int().optional(),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;

/** Attribute names Weir sets itself when an event is read; a producer may not send them. */
export const RESERVED_ATTRIBUTES = [
  'topic',
  'partition',
  'offset',
  'position',
  'stream',
  'version',
] as const;

/** Where one published event landed; `duplicate` repeats the first answer for the same (source, id). */
export const publishReceiptSchema = z.object({
  id: z.string(),
  topic: z.string(),
  partition: z.number().int(),
  offset: z.number().int(),
  position: z.number().int(),
  stream: z.string().optional(),
  version: z.number().int().optional(),
  duplicate: z.boolean(),
});
export type PublishReceipt = z.infer<typeof publishReceiptSchema>;

export const publishResponseSchema = z.object({ events: z.array(publishReceiptSchema) });

const oneOrMany = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .pipe(z.array(z.string().min(1).max(MAX_ATTRIBUTE_LENGTH)).max(50))
  .optional();

const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

/** Filter fields shared by `GET /events`, the live feed, SSE and replays. `type` and `topic` take `*` globs. */
export const eventFilterSchema = z.object({
  topic: oneOrMany,
  partition: z.coerce.number().int().min(0).max(1_000_000).optional(),
  type: oneOrMany,
  source: oneOrMany,
  subject: oneOrMany,
  stream: z.string().min(1).max(MAX_ATTRIBUTE_LENGTH).optional(),
  correlationId: z.string().min(1).max(MAX_ATTRIBUTE_LENGTH).optional(),
  causationId: z.string().min(1).max(MAX_ATTRIBUTE_LENGTH).optional(),
  key: z.string().max(MAX_ATTRIBUTE_LENGTH).optional(),
  where: z.string().min(1).max(4_096).optional(),
});
export type EventFilter = z.infer<typeof eventFilterSchema>;

export const eventRangeSchema = z.object({
  after: timeSchema.optional(),
  before: timeSchema.optional(),
  timeField: z.enum(['time', 'recorded']).default('time'),
  fromPosition: position,
  toPosition: position,
});

export const eventQuerySchema = eventFilterSchema.extend(eventRangeSchema.shape).extend({
  direction: z.enum(['forward', 'backward']).default('forward'),
  limit: limitSchema,
  cursor: cursorSchema,
});
export type EventQuery = z.infer<typeof eventQuerySchema>;

/**
 * A page of events. A search that matches little stops after a bounded scan: `nextCursor` then continues it,
 * `scanned` says how many positions were looked at and `scannedTo` how far the search has come.
 */
export const eventPageSchema = z.object({
  items: z.array(storedEventSchema),
  nextCursor: z.string().nullable(),
  scanned: z.number().int(),
  scannedTo: z.number().int().nullable(),
  elapsedMs: z.number(),
});
export type EventPage = z.infer<typeof eventPageSchema>;

/** How one subscription stands to one event; derived from offsets, retries and letters. */
export const eventDeliverySchema = z.object({
  subscription: z.string(),
  state: z.enum(['handled', 'pending', 'retrying', 'parked', 'dead', 'resolved', 'discarded']),
  attempts: z.array(
    z.object({
      attempt: z.number().int(),
      at: timeSchema,
      durationMs: z.number(),
      error: z.object({
        class: z.string(),
        message: z.string(),
        stack: z.string().nullable(),
      }),
      handlerVersion: z.string().nullable(),
    }),
  ),
  nextAttemptAt: timeSchema.nullable(),
  deadLetterId: z.string().nullable(),
});
export type EventDelivery = z.infer<typeof eventDeliverySchema>;

/** Everything with the same correlation, oldest first, bounded; edges run from cause to effect by event id. */
export const causationSchema = z.object({
  event: storedEventSchema,
  events: z.array(storedEventSchema),
  edges: z.array(z.object({ cause: z.string(), effect: z.string() })),
  truncated: z.boolean(),
});
export type Causation = z.infer<typeof causationSchema>;
