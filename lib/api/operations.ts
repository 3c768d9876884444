import { type z } from 'zod';
import { type redriveRequestSchema } from '#contracts/dead-letter.ts';
import {
  type Operation,
  type OperationPlan,
  type OperationState,
  operationPlanSchema,
  operationSchema,
  type replayRequestSchema,
} from '#contracts/operation.ts';
import { type Page, pageOf } from '#contracts/page.ts';
import { type RequestOptions, request } from './client.ts';

export type ReplayInput = Omit<z.input<typeof replayRequestSchema>, 'dryRun'>;
export type RedriveInput = Omit<z.input<typeof redriveRequestSchema>, 'dryRun'>;
export type OperationCommand = 'pause' | 'resume' | 'cancel';

type Signal = RequestOptions['signal'];

export function fetchOperations(
  query: {
    readonly kind?: Operation['kind'] | undefined;
    readonly state?: OperationState | undefined;
    readonly limit?: number | undefined;
    readonly cursor?: string | undefined;
  },
  signal?: Signal,
): Promise<Page<Operation>> {
  return request(pageOf(operationSchema), '/operations', { query, signal });
}

export function fetchOperation(id: string, signal?: Signal): Promise<Operation> {
  return request(operationSchema, `/operations/${encodeURIComponent(id)}`, { signal });
}

export function commandOperation(id: string, command: OperationCommand): Promise<Operation> {
  const path = `/operations/${encodeURIComponent(id)}/${command}`;
  return request(operationSchema, path, { method: 'POST', body: {} });
}

/** What the replay would deliver. Nothing is stored. */
export function planReplay(input: ReplayInput, signal?: Signal): Promise<OperationPlan> {
  const body = { ...input, dryRun: true };
  return request(operationPlanSchema, '/replays', { method: 'POST', body, signal });
}

export function startReplay(input: ReplayInput): Promise<Operation> {
  return request(operationSchema, '/replays', {
    method: 'POST',
    body: { ...input, dryRun: false },
  });
}

/** What the redrive would deliver. Nothing is stored. */
export function planRedrive(input: RedriveInput, signal?: Signal): Promise<OperationPlan> {
  const body = { ...input, dryRun: true };
  return request(operationPlanSchema, '/dead-letters/redrive', { method: 'POST', body, signal });
}

export function startRedrive(input: RedriveInput): Promise<Operation> {
  const body = { ...input, dryRun: false };
  return request(operationSchema, '/dead-letters/redrive', { method: 'POST', body });
}
