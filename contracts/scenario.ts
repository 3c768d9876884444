import { z } from 'zod';
import { timeSchema } from './page.ts';

/** `failureRate` is the share of events that fail, the same ones at each attempt, so that repairing it is what cures them. */
export const faultSchema = z.strictObject({
  failureRate: z.number().min(0).max(1).default(0),
  latencyMs: z.number().int().min(0).max(60_000).default(0),
  errorClass: z.string().min(1).max(100).optional(),
  crashRate: z.number().min(0).max(1).default(0),
  duplicateRate: z.number().min(0).max(1).default(0),
});
export type Fault = z.infer<typeof faultSchema>;
export const scenarioSettingsSchema = z.strictObject({
  ratePerSecond: z.number().min(0.1).max(1_000).optional(),
  faults: z.record(z.string(), faultSchema).optional(),
});
export type ScenarioSettings = z.infer<typeof scenarioSettingsSchema>;

export const scenarioSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  teaches: z.array(z.string()),
  state: z.enum(['running', 'stopped']),
  ratePerSecond: z.number(),
  minRatePerSecond: z.number(),
  maxRatePerSecond: z.number(),
  rateUnit: z.string(),
  faults: z.record(z.string(), faultSchema),
  consumers: z.array(z.object({ name: z.string(), description: z.string() })),
  topics: z.array(z.string()),
  published: z.number().int(),
  startedAt: timeSchema.nullable(),
});
export type Scenario = z.infer<typeof scenarioSchema>;
