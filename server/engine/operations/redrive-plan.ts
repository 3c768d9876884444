import { z } from 'zod';
import { type RedriveRequest } from '#contracts/dead-letter.ts';
import { type OperationPlan } from '#contracts/operation.ts';
import { type Database } from '#server/storage/database.ts';
import { isoFromPg } from '#server/storage/event-columns.ts';
import {
  countMatchingLetters,
  type LetterCount,
  type LetterSelection,
  selectKnownLetterIds,
} from '#server/storage/operation-letter-rows.ts';
import { type NewOperation } from '#server/storage/operation-rows.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { EngineError } from '../errors.ts';
import { targetWarnings } from './replay-plan.ts';

const letterIdSchema = z.uuid();

export type PlannedRedrive = {
  readonly plan: OperationPlan;
  readonly selection: LetterSelection;
  readonly operation: Omit<NewOperation, 'id' | 'actor'>;
};

/** Says which letters a redrive would give back. Letters already being retried, resolved or discarded are not among them. */
export async function planRedrive(
  deps: { readonly database: Database; readonly redelivery: Redelivery },
  request: RedriveRequest,
): Promise<PlannedRedrive> {
  const selection = selectionOf(request);
  if (selection.type === 'ids') await refuseUnknown(deps.database, selection.ids);
  const counts = await countMatchingLetters(deps.database.pool, selection);
  const subscriptions = [...new Set(counts.map((count) => count.subscription))];
  const target = subscriptions.length === 1 ? (subscriptions[0] ?? null) : null;
  const total = sum(counts);
  const { ids, filter, ratePerSecond, canary, stopAtFailureRate, reason } = request;
  const settings = { ratePerSecond, canary, stopAtFailureRate };
  return {
    selection,
    plan: {
      dryRun: true,
      kind: 'redrive',
      target,
      total,
      byType: byType(counts),
      oldestAt: extreme(
        counts.map((count) => count.oldest),
        'first',
      ),
      newestAt: extreme(
        counts.map((count) => count.newest),
        'last',
      ),
      fromPosition: null,
      toPosition: null,
      estimatedMs: ratePerSecond === undefined ? null : Math.round((total * 1_000) / ratePerSecond),
      warnings: subscriptions.flatMap((name) => targetWarnings(deps.redelivery, name)),
    },
    operation: {
      kind: 'redrive',
      title: titleOf(total, subscriptions),
      target,
      reason: reason ?? null,
      params: { ...(ids === undefined ? { filter } : { ids }), ...settings },
      total,
      position: null,
      ratePerSecond: ratePerSecond ?? null,
    },
  };
}

function selectionOf({ ids, filter }: RedriveRequest): LetterSelection {
  if (ids !== undefined) {
    if (ids.length === 0) throw invalid('ids', 'ids must name at least one letter.');
    return { type: 'ids', ids: [...new Set(ids)] };
  }
  const given = Object.values(filter ?? {}).filter((value) => value !== undefined);
  if (filter === undefined || given.length === 0)
    throw invalid('filter', 'filter must not be empty: it would mean every letter there is.');
  return { type: 'filter', filter };
}

async function refuseUnknown(database: Database, ids: readonly string[]): Promise<void> {
  const possible = ids.filter((id) => letterIdSchema.safeParse(id).success);
  const known = await selectKnownLetterIds(database.pool, possible);
  const unknown = ids.find((id) => !known.has(id.toLowerCase()));
  if (unknown !== undefined)
    throw new EngineError('unknown-dead-letter', `There is no dead letter ${unknown}.`, {
      id: unknown,
    });
}

function byType(counts: readonly LetterCount[]): { type: string; count: number }[] {
  return [...Map.groupBy(counts, ({ type }) => type)].map(([type, of]) => ({
    type,
    count: sum(of),
  }));
}

function titleOf(total: number, subscriptions: readonly string[]): string {
  const letters = `${total.toLocaleString('en-GB')} ${total === 1 ? 'letter' : 'letters'}`;
  if (subscriptions.length === 1) return `Redrive ${letters} to ${subscriptions[0]}`;
  return `Redrive ${letters} to ${subscriptions.length} consumers`;
}

function extreme(times: readonly string[], which: 'first' | 'last'): string | null {
  const time = times
    .map(isoFromPg)
    .toSorted()
    .at(which === 'first' ? 0 : -1);
  return time ?? null;
}

const sum = (counts: readonly LetterCount[]): number =>
  counts.reduce((total, { count }) => total + count, 0);

const invalid = (field: string, message: string) =>
  new EngineError('invalid-request', message, { field });
