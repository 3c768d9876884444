import { z } from 'zod';
import { publishReceiptSchema, storedEventSchema } from './event.ts';
import { limitSchema, timeSchema } from './page.ts';

export const expectedVersionSchema = z.union([
  z.number().int().min(0),
  z.literal('any'),
  z.literal('noStream'),
  z.literal('streamExists'),
]);

/** `events` are checked by the publish pipeline; `topic` defaults to the stream's category. */
export const appendRequestSchema = z.object({
  expectedVersion: expectedVersionSchema.default('any'),
  topic: z.string().optional(),
  events: z.array(z.unknown()).min(1),
});

export const appendResponseSchema = z.object({
  streamId: z.string(),
  version: z.number().int(),
  events: z.array(publishReceiptSchema),
});
export type AppendResponse = z.infer<typeof appendResponseSchema>;

export const streamQuerySchema = z.object({
  fromVersion: z.coerce.number().int().min(0).optional(),
  direction: z.enum(['forward', 'backward']).default('forward'),
  limit: limitSchema,
  atTime: timeSchema.optional(),
  atPosition: z.coerce.number().int().min(0).optional(),
});

export const streamPageSchema = z.object({
  streamId: z.string(),
  version: z.number().int(),
  items: z.array(storedEventSchema),
  nextCursor: z.string().nullable(),
});
export type StreamPage = z.infer<typeof streamPageSchema>;

export const streamSchema = z.object({
  streamId: z.string(),
  category: z.string(),
  version: z.number().int(),
  lastPosition: z.number().int(),
});
export type Stream = z.infer<typeof streamSchema>;
