import { type EventFilter } from '#contracts/event.ts';
import { type OperationPlan, type ReplayRequest } from '#contracts/operation.ts';
import { type SubscriptionSettings, subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { type Database, type Db } from '#server/storage/database.ts';
import { selectNamedLowMarks } from '#server/storage/low-mark-rows.ts';
import { type NewOperation, selectTarget } from '#server/storage/operation-rows.ts';
import { type Redelivery } from '../broker/redelivery.ts';
import { hearsTopic } from '../broker/topic-pattern.ts';
import { type EventReader } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type EventLog } from '../log/event-log.ts';
import { type ReplayParams } from './replay-run.ts';

const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');
const ORDER_WARNING =
  'The order relative to live deliveries is not kept: replayed events come beside new ones.';

export type PlannedReplay = {
  readonly plan: OperationPlan;
  readonly operation: Omit<NewOperation, 'id' | 'actor'>;
};

/**
 * Says what a replay would do, and what its row is. Ends given as times become positions here, once; an end in the future
 * is the tail of now. What the filter leaves open is taken from the target's own filter, so that a subscription gets
 * nothing again that it never subscribed to.
 */
export async function planReplay(
  deps: {
    readonly database: Database;
    readonly log: Pick<EventLog, 'tailPosition'>;
    readonly reader: EventReader;
    readonly redelivery: Redelivery;
  },
  request: ReplayRequest,
): Promise<PlannedReplay> {
  const name = targetName(request.target);
  const target = await selectTarget(deps.database.pool, name);
  if (target === null)
    throw new EngineError('unknown-subscription', `There is no subscription ${name}.`, {
      subscription: name,
      field: 'target.subscription',
    });
  const settings = subscriptionSettingsSchema.parse(target.settings);
  if (settings.mode === 'queue')
    throw new EngineError(
      'not-supported',
      `${name} is a queue, and a queue has no replay. Publish the events again, or replay them to a subscription with mode stream.`,
      { field: 'target.subscription' },
    );
  const filter = completeFilter(request.filter, settings.filter);
  deps.reader.matcher(filter);
  const { fromPosition, toPosition } = await resolveRange(deps, request);
  if (typeof request.from === 'number')
    await refuseGone(deps.database.pool, { fromPosition, topics: filter.topic });
  const found = await deps.reader.summarise({ fromPosition, toPosition, filter });
  const { ratePerSecond, speed, reason } = request;
  const params: ReplayParams & Record<string, unknown> = {
    from: request.from,
    to: request.to,
    fromPosition,
    toPosition,
    filter,
    target: { subscription: name },
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(speed === undefined ? {} : { speed }),
  };
  return {
    plan: {
      dryRun: true,
      kind: 'replay',
      target: name,
      total: found.total,
      byType: [...found.byType],
      oldestAt: found.oldestAt,
      newestAt: found.newestAt,
      fromPosition,
      toPosition,
      estimatedMs: estimateMs(request, found, { settings, p50Ms: target.p50Ms }),
      warnings: [...targetWarnings(deps.redelivery, name), ORDER_WARNING],
    },
    operation: {
      kind: 'replay',
      title: `Replay ${found.total.toLocaleString('en-GB')} ${found.total === 1 ? 'event' : 'events'} to ${name}`,
      target: name,
      reason: reason ?? null,
      params,
      total: found.total,
      position: null,
      ratePerSecond: ratePerSecond ?? null,
    },
  };
}

/** A sentence for each reason why a target would not take deliveries now. */
export function targetWarnings(redelivery: Redelivery, name: string): string[] {
  const state = redelivery.targetState(name);
  return state.type === 'waiting' ? [state.detail] : [];
}

function targetName(target: ReplayRequest['target']): string {
  if ('subscription' in target) return target.subscription;
  throw new EngineError(
    'not-supported',
    'A replay goes to a subscription; topics and projections as targets are not available in this version.',
    { field: 'target' },
  );
}

function completeFilter(
  filter: EventFilter,
  own: SubscriptionSettings['filter'],
): ReplayParams['filter'] {
  return {
    ...filter,
    topic: filter.topic ?? given(own.topics),
    type: filter.type ?? given(own.types),
    source: filter.source ?? given(own.sources),
    subject: filter.subject ?? given(own.subjects),
    where: filter.where ?? own.where,
  };
}

/** An empty list means all, as no list does. */
const given = (values: string[] | undefined) =>
  values === undefined || values.length === 0 ? undefined : values;

async function resolveRange(
  { reader, log }: { readonly reader: EventReader; readonly log: Pick<EventLog, 'tailPosition'> },
  { from, to }: Pick<ReplayRequest, 'from' | 'to'>,
): Promise<{ readonly fromPosition: number; readonly toPosition: number }> {
  const fromPosition = typeof from === 'number' ? Math.max(1, from) : await reader.positionAt(from);
  // Both ends are included, and times are read to the millisecond: the end is before the next millisecond.
  const toPosition =
    typeof to === 'number' ? to : (await reader.positionAt(afterMillisecond(to))) - 1;
  const backwards =
    typeof from === typeof to ? isAfter(from, to) : fromPosition > Math.max(toPosition, 0) + 1;
  if (backwards)
    throw new EngineError('invalid-request', 'from must not come after to.', { field: 'from' });
  return { fromPosition, toPosition: Math.min(toPosition, log.tailPosition()) };
}

/** Positions are meant as they are: when retention dropped events in the range that the target would hear, that is said. */
export async function refuseGone(
  db: Db,
  range: { readonly fromPosition: number; readonly topics: readonly string[] | undefined },
): Promise<void> {
  const marks = await selectNamedLowMarks(db);
  const gone = marks
    .filter((mark) => hearsTopic(range.topics, mark.topic) && mark.position > range.fromPosition)
    .map((mark) => mark.position);
  if (gone.length === 0) return;
  const lowPosition = Math.max(...gone);
  throw new EngineError(
    'offset-out-of-range',
    `Retention dropped events from position ${range.fromPosition} on. All that is left lies at position ${lowPosition} or after; begin there, or give a time.`,
    { field: 'from', fromPosition: range.fromPosition, lowPosition },
  );
}

const afterMillisecond = (time: string): string =>
  new Date(Math.min(Date.parse(time) + 1, LAST_INSTANT_MS)).toISOString();

function isAfter(from: number | string, to: number | string): boolean {
  if (typeof from === 'number' && typeof to === 'number') return from > to;
  return Date.parse(String(from)) > Date.parse(String(to));
}

/** By the rate or the speed asked for, else from the target's typical latency; null when nothing is known of it. */
function estimateMs(
  request: Pick<ReplayRequest, 'ratePerSecond' | 'speed'>,
  found: {
    readonly total: number;
    readonly oldestAt: string | null;
    readonly newestAt: string | null;
  },
  target: { readonly settings: SubscriptionSettings; readonly p50Ms: number | null },
): number | null {
  if (request.ratePerSecond !== undefined)
    return Math.round((found.total * 1_000) / request.ratePerSecond);
  if (request.speed !== undefined && found.oldestAt !== null && found.newestAt !== null)
    return Math.round((Date.parse(found.newestAt) - Date.parse(found.oldestAt)) / request.speed);
  if (target.p50Ms === null) return null;
  return Math.round((found.total * target.p50Ms) / target.settings.concurrency);
}
