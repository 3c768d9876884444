import { z } from 'zod';
import { timeSchema } from './page.ts';
import { breakerStateSchema, subscriptionStateSchema } from './subscription.ts';

/**
 * `id` is `<kind>:<name>`. Rates are per second over the window; `errorRate` is the share of attempts that failed, 0 to 1;
 * `spark` is the rate over the last 60 steps, oldest first.
 */
export const topologyNodeSchema = z.object({
  id: z.string(),
  kind: z.enum(['producer', 'topic', 'consumer']),
  name: z.string(),
  ratePerSecond: z.number(),
  errorRate: z.number(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  lag: z.number().int().nullable(),
  oldestUnhandledAgeMs: z.number().nullable(),
  deadLetters: z.number().int(),
  state: subscriptionStateSchema.nullable(),
  breaker: breakerStateSchema.nullable(),
  partitions: z.number().int().nullable(),
  scenario: z.string().nullable(),
  lastSeenAt: timeSchema.nullable(),
  spark: z.array(z.number()),
});
export type TopologyNode = z.infer<typeof topologyNodeSchema>;

/** publish: producer → topic · deliver: topic → consumer · emit: consumer → topic. */
export const topologyEdgeSchema = z.object({
  id: z.string(),
  kind: z.enum(['publish', 'deliver', 'emit']),
  source: z.string(),
  target: z.string(),
  rate: z.number(),
  errorRate: z.number(),
  p95Ms: z.number().nullable(),
  count: z.number().int(),
  lastSeenAt: timeSchema.nullable(),
});
export type TopologyEdge = z.infer<typeof topologyEdgeSchema>;

export const topologySchema = z.object({
  at: timeSchema,
  windowSeconds: z.number(),
  nodes: z.array(topologyNodeSchema),
  edges: z.array(topologyEdgeSchema),
  /** Producers left out of the picture beyond the first 200 by rate. */
  producersOmitted: z.number().int(),
  totals: z.object({
    publishedPerSecond: z.number(),
    handledPerSecond: z.number(),
    failedPerSecond: z.number(),
    lag: z.number().int(),
    deadLetters: z.number().int(),
    publishToHandledP95Ms: z.number().nullable(),
  }),
});
export type Topology = z.infer<typeof topologySchema>;
