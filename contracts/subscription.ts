import { z } from 'zod';
import { storedEventSchema } from './event.ts';
import { timeSchema } from './page.ts';

export const subscriptionNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'letters, digits, ".", "_" and "-", at most 100');

const globs = z.array(z.string().min(1).max(1_024)).max(50);

/** An absent or empty list matches all; `topics` and `types` take `*` globs; topics beginning with `$` only match when named. */
export const subscriptionFilterSchema = z.strictObject({
  topics: globs.optional(),
  types: globs.optional(),
  sources: globs.optional(),
  subjects: globs.optional(),
  where: z.string().min(1).max(4_096).optional(),
});
export type SubscriptionFilter = z.infer<typeof subscriptionFilterSchema>;

export const retryPolicySchema = z.strictObject({
  /** Retries after the first attempt; 3 means 1 + 3 attempts. */
  maxRetries: z.number().int().min(0).max(100).default(3),
  baseMs: z.number().int().min(1).max(86_400_000).default(1_000),
  factor: z.number().min(1).max(10).default(2),
  maxMs: z.number().int().min(1).max(604_800_000).default(300_000),
  /** Share of the delay that is drawn at random around it, 0 (none) to 1. */
  jitter: z.number().min(0).max(1).default(0.1),
});
export type RetryPolicySettings = z.infer<typeof retryPolicySchema>;

export const breakerSettingsSchema = z.strictObject({
  failures: z.number().int().min(1).max(10_000).default(50),
  windowMs: z.number().int().min(100).max(3_600_000).default(10_000),
  openMs: z.number().int().min(100).max(3_600_000).default(10_000),
});
export type BreakerSettings = z.infer<typeof breakerSettingsSchema>;

export const startSchema = z.union([
  z.literal('earliest'),
  z.literal('latest'),
  z.strictObject({ position: z.number().int().min(0) }),
  z.strictObject({ time: timeSchema }),
]);

export const deliverySettingsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('handler'), handler: z.string().optional() }),
  z.strictObject({
    kind: z.literal('pull'),
    /** How long a received delivery stays with its receiver before it counts as failed. */
    visibilityMs: z.number().int().min(100).max(43_200_000).default(30_000),
  }),
]);

export const subscriptionSettingsSchema = z.strictObject({
  filter: subscriptionFilterSchema.default({}),
  mode: z.enum(['stream', 'queue']).default('stream'),
  delivery: deliverySettingsSchema.default({ kind: 'pull', visibilityMs: 30_000 }),
  guarantee: z.enum(['at-most-once', 'at-least-once', 'effectively-once']).default('at-least-once'),
  concurrency: z.number().int().min(1).max(1_000).default(16),
  maxInFlight: z.number().int().min(1).max(10_000).default(500),
  retry: retryPolicySchema.default(() => retryPolicySchema.parse({})),
  onFailure: z.enum(['block', 'park-key', 'skip']).default('park-key'),
  breaker: breakerSettingsSchema.default(() => breakerSettingsSchema.parse({})),
  start: startSchema.default('earliest'),
});
export type SubscriptionSettings = z.infer<typeof subscriptionSettingsSchema>;

export const breakerStateSchema = z.object({
  state: z.enum(['closed', 'open', 'half-open']),
  since: timeSchema,
  failures: z.number().int(),
});
export type BreakerState = z.infer<typeof breakerStateSchema>;

export const subscriptionStateSchema = z.enum(['running', 'paused', 'disabled']);

/** Why deliveries stand still although nobody paused them. */
const subscriptionProblemSchema = z.enum(['offset-out-of-range']);

/** `breaker` is its live state; its settings are in `breakerSettings`. */
export const subscriptionSchema = subscriptionSettingsSchema.omit({ breaker: true }).extend({
  name: z.string(),
  state: subscriptionStateSchema,
  breaker: breakerStateSchema,
  breakerSettings: breakerSettingsSchema,
  handlerVersion: z.string().nullable(),
  scenario: z.string().nullable(),
  topics: z.array(z.string()),
  lag: z.number().int(),
  oldestUnhandledAgeMs: z.number().nullable(),
  /** Some partition stands still: retention dropped what is next. It goes on after a reset, which says where. */
  problem: subscriptionProblemSchema.nullable().optional(),
  inFlight: z.number().int(),
  retrying: z.number().int(),
  parked: z.number().int(),
  deadLetters: z.number().int(),
  rates: z.object({
    handledPerSecond: z.number(),
    failedPerSecond: z.number(),
    p50Ms: z.number().nullable(),
    p95Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
  }),
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Subscription = z.infer<typeof subscriptionSchema>;

/** `head` is the next offset to be written, `committed` the next one to be handled, so `lag = head − committed`. */
export const partitionLagSchema = z.object({
  topic: z.string(),
  partition: z.number().int(),
  head: z.number().int(),
  committed: z.number().int(),
  lag: z.number().int(),
  oldestUnhandledAgeMs: z.number().nullable(),
  owner: z.string().nullable(),
  /** First offset that retention has left; what lies below does not count as lag. */
  low: z.number().int().optional(),
  problem: subscriptionProblemSchema.nullable().optional(),
});
export const lagSchema = z.object({
  subscription: z.string(),
  partitions: z.array(partitionLagSchema),
  total: z.number().int(),
  oldestUnhandledAgeMs: z.number().nullable(),
  /** Time until the lag is gone at the present rates; null when it is not shrinking. */
  clearsInMs: z.number().nullable(),
});
export type Lag = z.infer<typeof lagSchema>;

/** One sample of a consumer; rates are counts in the step, latencies of successful attempts in milliseconds. */
export const consumerSampleSchema = z.object({
  at: timeSchema,
  handled: z.number().int(),
  failed: z.number().int(),
  dead: z.number().int(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  lag: z.number().int().nullable(),
});
export const consumerHistorySchema = z.object({
  stepMs: z.number(),
  samples: z.array(consumerSampleSchema),
});
export type ConsumerHistory = z.infer<typeof consumerHistorySchema>;

export const resetTargetSchema = z.union([
  z.literal('earliest'),
  z.literal('latest'),
  z.strictObject({ time: timeSchema }),
  z.strictObject({ position: z.number().int().min(0) }),
  z.strictObject({
    offsets: z
      .array(
        z.strictObject({
          topic: z.string(),
          partition: z.number().int().min(0),
          offset: z.number().int().min(0),
        }),
      )
      .min(1)
      .max(10_000),
  }),
  z.strictObject({ shiftBy: z.number().int() }),
]);
export type ResetTarget = z.infer<typeof resetTargetSchema>;
export const resetRequestSchema = z.strictObject({
  to: resetTargetSchema,
  dryRun: z.boolean().default(false),
});
export const resetResponseSchema = z.object({
  subscription: z.string(),
  dryRun: z.boolean(),
  /** Events that will be delivered again (positive) or never (negative). */
  redelivered: z.number().int(),
  skipped: z.number().int(),
  partitions: z.array(
    z.object({
      topic: z.string(),
      partition: z.number().int(),
      before: z.number().int(),
      after: z.number().int(),
      eventTime: timeSchema.nullable(),
    }),
  ),
});
export type ResetResponse = z.infer<typeof resetResponseSchema>;

export const receiveRequestSchema = z.strictObject({
  max: z.number().int().min(1).max(1_000).default(1),
  waitMs: z.number().int().min(0).max(30_000).default(0),
});
export const pulledDeliverySchema = z.object({
  deliveryId: z.string(),
  attempt: z.number().int(),
  event: storedEventSchema,
  replay: z.object({ operationId: z.string() }).optional(),
  redrive: z.object({ operationId: z.string() }).optional(),
});
export type PulledDelivery = z.infer<typeof pulledDeliverySchema>;
export const receiveResponseSchema = z.object({ deliveries: z.array(pulledDeliverySchema) });

export const ackRequestSchema = z.strictObject({
  deliveryIds: z.array(z.string().min(1).max(512)).min(1).max(1_000),
});
/** `expired` were no longer with this receiver: their visibility ran out or the server restarted; they will come again. */
export const ackResponseSchema = z.object({
  acknowledged: z.array(z.string()),
  expired: z.array(z.string()),
});
export const nackRequestSchema = z.strictObject({
  deliveryId: z.string().min(1).max(512),
  error: z
    .union([
      z.string().max(16_384),
      z.strictObject({
        class: z.string().max(200).default('Error'),
        message: z.string().max(16_384),
        stack: z.string().max(65_536).optional(),
      }),
    ])
    .default('rejected by the consumer'),
  retryable: z.boolean().default(true),
  delayMs: z.number().int().min(0).max(86_400_000).optional(),
});
export const extendRequestSchema = z.strictObject({
  deliveryIds: z.array(z.string().min(1).max(512)).min(1).max(1_000),
  byMs: z.number().int().min(100).max(43_200_000).default(30_000),
});
