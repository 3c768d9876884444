import { z } from 'zod';
import { timeSchema } from './page.ts';

export const timelineQuerySchema = z.object({
  after: timeSchema,
  before: timeSchema,
  buckets: z.coerce.number().int().min(1).max(2_000).default(300),
  lanes: z.enum(['topic', 'type', 'consumer']).default('topic'),
});

/** One lane's counts per bucket. `failed` is non-zero only for consumer lanes. */
export const timelineLaneSchema = z.object({
  name: z.string(),
  total: z.number().int(),
  counts: z.array(z.number().int()),
  failed: z.array(z.number().int()),
});
/** `first` and `last` are the times of the oldest and newest event recorded; times are of recording. */
export const timelineSchema = z.object({
  after: timeSchema,
  before: timeSchema,
  bucketMs: z.number(),
  lanes: z.array(timelineLaneSchema),
  total: z.number().int(),
  first: timeSchema.nullable(),
  last: timeSchema.nullable(),
});
export type Timeline = z.infer<typeof timelineSchema>;
