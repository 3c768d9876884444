import { z } from 'zod';
import { storedEventSchema } from './event.ts';
import { cursorSchema, limitSchema, timeSchema } from './page.ts';

export const letterStatusSchema = z.enum([
  'open',
  'acknowledged',
  'retrying',
  'resolved',
  'ignored',
  'discarded',
]);
export type LetterStatus = z.infer<typeof letterStatusSchema>;

export const attemptSchema = z.object({
  attempt: z.number().int(),
  at: timeSchema,
  error: z.object({ class: z.string(), message: z.string(), stack: z.string().nullable() }),
  durationMs: z.number(),
  handlerVersion: z.string().nullable(),
  operationId: z.string().nullable(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** `editedData` is what a retry with an edited payload will deliver instead of the event's own. */
export const deadLetterSchema = z.object({
  id: z.string(),
  subscription: z.string(),
  status: letterStatusSchema,
  fingerprint: z.string(),
  reason: z.string().nullable(),
  errorClass: z.string(),
  errorMessage: z.string(),
  deadAt: timeSchema,
  resolvedAt: timeSchema.nullable(),
  operationId: z.string().nullable(),
  attemptCount: z.number().int(),
  attempts: z.array(attemptSchema),
  event: storedEventSchema,
  editedData: z.unknown().optional(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const deadLetterFilterSchema = z.object({
  subscription: z.string().min(1).max(100).optional(),
  fingerprint: z.string().min(1).max(64).optional(),
  type: z.string().min(1).max(1_024).optional(),
  status: letterStatusSchema.optional(),
  after: timeSchema.optional(),
  before: timeSchema.optional(),
});
export type DeadLetterFilter = z.infer<typeof deadLetterFilterSchema>;
export const deadLetterQuerySchema = deadLetterFilterSchema.extend({
  limit: limitSchema,
  cursor: cursorSchema,
});

/** Letters with one cause: subscription + error class + normalised message + top frame. Counts are by letter status. */
export const deadLetterGroupSchema = z.object({
  fingerprint: z.string(),
  subscription: z.string(),
  types: z.array(z.string()),
  errorClass: z.string(),
  message: z.string(),
  topFrame: z.string().nullable(),
  status: z.enum(['open', 'acknowledged', 'resolved', 'ignored']),
  note: z.string().nullable(),
  open: z.number().int(),
  retrying: z.number().int(),
  total: z.number().int(),
  firstAt: timeSchema,
  lastAt: timeSchema,
  /** New letters per bucket over the last 24 buckets of `trendBucketMs`, oldest first. */
  trend: z.array(z.number().int()),
  trendBucketMs: z.number(),
});
export type DeadLetterGroup = z.infer<typeof deadLetterGroupSchema>;

export const retryLetterRequestSchema = z.strictObject({ data: z.unknown().optional() });
export const discardLetterRequestSchema = z.strictObject({
  reason: z.string().trim().min(1).max(2_000),
});
export const patchGroupRequestSchema = z.strictObject({
  status: z.enum(['open', 'acknowledged', 'resolved', 'ignored']).optional(),
  note: z.string().max(4_000).nullable().optional(),
});

export const redriveRequestSchema = z
  .strictObject({
    ids: z.array(z.string().min(1).max(64)).max(10_000).optional(),
    filter: deadLetterFilterSchema.strict().optional(),
    ratePerSecond: z.number().min(0.1).max(10_000).optional(),
    canary: z.union([z.boolean(), z.number().int().min(1).max(10_000)]).optional(),
    stopAtFailureRate: z.number().min(0).max(1).optional(),
    dryRun: z.boolean().default(false),
    reason: z.string().max(2_000).optional(),
  })
  .refine((request) => (request.ids === undefined) !== (request.filter === undefined), {
    message: 'give either ids or filter',
    path: ['ids'],
  });
export type RedriveRequest = z.infer<typeof redriveRequestSchema>;
