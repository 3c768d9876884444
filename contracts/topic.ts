import { z } from 'zod';
import { timeSchema } from './page.ts';

export const TOPIC_NAME = /^[$A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
export const topicNameSchema = z
  .string()
  .regex(TOPIC_NAME, 'letters, digits, ".", "_" and "-", at most 200');

export const topicSettingsSchema = z.strictObject({
  partitions: z.number().int().min(1).max(256).default(4),
  retention: z
    .strictObject({
      maxAgeMs: z.number().int().min(1_000).nullable().default(null),
      maxBytes: z.number().int().min(1_048_576).nullable().default(null),
    })
    .default({ maxAgeMs: null, maxBytes: null }),
  durability: z.enum(['durable', 'fast']).default('durable'),
  onInvalid: z.enum(['reject', 'dead-letter']).default('reject'),
  /** Publishes waiting for the log at once; one more is answered 429. */
  maxBuffered: z.number().int().min(1).max(100_000).default(10_000),
});
export type TopicSettings = z.infer<typeof topicSettingsSchema>;

export const topicSchema = topicSettingsSchema.extend({
  name: z.string(),
  events: z.number().int(),
  heads: z.array(z.number().int()),
  /** First offset of each partition that retention has left; `events` counts from there. */
  lows: z.array(z.number().int()).optional(),
  ratePerSecond: z.number(),
  lastEventAt: timeSchema.nullable(),
  subscriptions: z.array(z.string()),
  createdAt: timeSchema,
});
export type Topic = z.infer<typeof topicSchema>;

/** Counts per bucket; `partial` marks a last bucket that time has not finished. */
export const histogramSchema = z.object({
  after: timeSchema,
  before: timeSchema,
  bucketMs: z.number(),
  counts: z.array(z.number().int()),
  partial: z.boolean(),
});
export type Histogram = z.infer<typeof histogramSchema>;
