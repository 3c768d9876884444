import { z } from 'zod';
import { eventFilterSchema } from './event.ts';
import { cursorSchema, limitSchema, timeSchema } from './page.ts';

export const operationStateSchema = z.enum([
  'planned',
  'running',
  'paused',
  'done',
  'stopped',
  'cancelled',
  'failed',
]);
export type OperationState = z.infer<typeof operationStateSchema>;

/** archive and restore: a leaf of the log, to a file and back. */
const operationKindSchema = z.enum(['replay', 'redrive', 'archive', 'restore']);

export const operationSchema = z.object({
  id: z.string(),
  kind: operationKindSchema,
  state: operationStateSchema,
  title: z.string(),
  /** Why it stands as it does (waiting for a paused target, stopped at a failure rate, failed with an error). */
  detail: z.string().nullable(),
  target: z.string().nullable(),
  actor: z.string(),
  reason: z.string().nullable(),
  params: z.record(z.string(), z.unknown()),
  total: z.number().int(),
  done: z.number().int(),
  failed: z.number().int(),
  ratePerSecond: z.number().nullable(),
  measuredPerSecond: z.number(),
  etaMs: z.number().nullable(),
  position: z.number().int().nullable(),
  createdAt: timeSchema,
  startedAt: timeSchema.nullable(),
  finishedAt: timeSchema.nullable(),
  updatedAt: timeSchema,
});
export type Operation = z.infer<typeof operationSchema>;

export const operationQuerySchema = z.object({
  kind: operationKindSchema.optional(),
  state: operationStateSchema.optional(),
  limit: limitSchema,
  cursor: cursorSchema,
});

const rangeEnd = z.union([z.number().int().min(0), timeSchema]);

/** `from` and `to` are positions (numbers) or RFC 3339 times of recording, both included. */
export const replayRequestSchema = z.strictObject({
  from: rangeEnd,
  to: rangeEnd,
  filter: eventFilterSchema.strict().default({}),
  target: z.union([
    z.strictObject({ subscription: z.string().min(1).max(100) }),
    z.strictObject({ topic: z.string().min(1).max(200) }),
    z.strictObject({ projection: z.string().min(1).max(100) }),
  ]),
  ratePerSecond: z.number().min(0.1).max(100_000).optional(),
  /** Multiple of the original pace: 1 = as it happened. */
  speed: z.number().min(0.01).max(10_000).optional(),
  dryRun: z.boolean().default(false),
  reason: z.string().max(2_000).optional(),
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

/** What an operation would do. Stored nowhere. */
export const operationPlanSchema = z.object({
  dryRun: z.literal(true),
  kind: z.enum(['replay', 'redrive']),
  target: z.string().nullable(),
  total: z.number().int(),
  byType: z.array(z.object({ type: z.string(), count: z.number().int() })),
  oldestAt: timeSchema.nullable(),
  newestAt: timeSchema.nullable(),
  fromPosition: z.number().int().nullable(),
  toPosition: z.number().int().nullable(),
  estimatedMs: z.number().nullable(),
  warnings: z.array(z.string()),
});
export type OperationPlan = z.infer<typeof operationPlanSchema>;
