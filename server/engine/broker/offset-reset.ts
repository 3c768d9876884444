import { type ResetResponse, type ResetTarget } from '#contracts/subscription.ts';

import { type Clock } from '../clock.ts';
import { type Actor, type Topics } from '../engine-parts.ts';
import { EngineError } from '../errors.ts';
import { type EventLog } from '../log/event-log.ts';
import { systemRow } from '../system/system-events.ts';
import { type BrokerStore } from './broker-store.ts';
import { type NodeServices } from './node-services.ts';
import { type OffsetTargets, type PartitionSpan, type TargetOffset } from './offset-targets.ts';
import { partitionKey } from './owned-partition.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';
import { createSubscriptionHold } from './subscription-hold.ts';
import { type SubscriptionRuntime } from './subscription-runtime.ts';
import { type TailWatch } from './tail-watch.ts';

type OffsetResetDependencies = {
  readonly store: BrokerStore;
  readonly topics: Topics;
  readonly targets: OffsetTargets;
  readonly runtime: SubscriptionRuntime;
  readonly tail: TailWatch;
  readonly log: Pick<EventLog, 'lowOffset' | 'refreshLowOffsets'>;
  readonly clock: Clock;
  readonly wakeOutbox: () => void;
  readonly nodes: Pick<NodeServices, 'membership' | 'signals'>;
};

/**
 * Moves a subscription's offsets. A dry run only says what would happen. For real, work in hand is ended first and its outcome stored;
 * retries and parked events at or after the new offset are dropped, since the log brings them again, those before it stay; letters stay.
 * A queue has no replay: it can only be purged, which is a reset to latest, or go on after what retention dropped, with earliest.
 */
export function createOffsetReset(deps: OffsetResetDependencies) {
  const hold = createSubscriptionHold(deps);
  const spansOf = async (entry: SubscriptionEntry): Promise<PartitionSpan[]> => {
    await deps.log.refreshLowOffsets();
    await deps.tail.catchUp();
    const rows = await deps.store.selectPartitions(entry.row.id);
    return rows.map(({ topicId, partition, committed }) => {
      const owned = entry.runner?.intake.partitions.get(partitionKey(topicId, partition));
      return {
        topicId,
        topic: deps.topics.findById(topicId)?.name ?? `#${topicId}`,
        partition,
        committed: owned?.progress.watermark ?? committed,
        low: deps.log.lowOffset(topicId, partition),
        head: deps.tail.head(topicId, partition),
      };
    });
  };

  const targetsOf = async (entry: SubscriptionEntry, to: ResetTarget) =>
    deps.targets.resolve(to, spansToMove(entry, to, await spansOf(entry)));

  const apply = async (
    entry: SubscriptionEntry,
    targets: readonly TargetOffset[],
    actor: Actor,
  ): Promise<void> => {
    const { row } = entry;
    // What was handled and not committed yet is marked too, perhaps by another process.
    const back = targets.filter((target) => target.offset <= target.committed);
    const partitions = targets.map(({ topic, partition, committed, offset }) => ({
      topic,
      partition,
      before: committed,
      after: offset,
    }));
    const data = { partitions, actor };
    const fact = { type: 'weir.subscription.reset', subject: row.name, data } as const;
    const heldUntilMs = await deps.store.transaction(async (tx) => {
      if (row.settings.mode === 'queue') await tx.purgeQueue(row.id, targets);
      else await tx.resetPartitions(row.id, targets);
      await tx.deleteRetriesFrom(row.id, targets);
      if (back.length > 0) {
        const from = Math.min(...back.map((target) => target.position));
        await tx.deleteProcessedFrom(row.id, from);
      }
      await tx.insertOutbox([systemRow(fact, deps.clock.now())]);
      return hold.endWith(tx, entry);
    });
    hold.ended(entry, heldUntilMs);
    deps.wakeOutbox();
  };

  return async (
    entry: SubscriptionEntry,
    to: ResetTarget,
    how: { readonly dryRun: boolean; readonly actor: Actor },
  ): Promise<ResetResponse> => {
    if (how.dryRun) return describe(entry, await targetsOf(entry, to), true);
    return entry.exclusive(async () => {
      // Refused targets must not cost the consumer a stop.
      await targetsOf(entry, to);
      await deps.runtime.stop(entry);
      try {
        await hold.begin(entry);
        const targets = await targetsOf(entry, to);
        await apply(entry, targets, how.actor);
        return describe(entry, targets, false);
      } finally {
        await hold.end(entry);
        await deps.runtime.start(entry);
      }
    });
  };
}

const isOut = (span: PartitionSpan): boolean => span.committed < span.low;

/** A queue that goes on with the earliest moves only where what is next is gone. */
function spansToMove(
  entry: SubscriptionEntry,
  to: ResetTarget,
  spans: readonly PartitionSpan[],
): readonly PartitionSpan[] {
  refuseRewind(entry, to, spans);
  const isQueue = entry.row.settings.mode === 'queue';
  return isQueue && to === 'earliest' ? spans.filter(isOut) : spans;
}

function refuseRewind(
  { row }: SubscriptionEntry,
  to: ResetTarget,
  spans: readonly PartitionSpan[],
): void {
  if (row.settings.mode === 'stream' || to === 'latest') return;
  // Where retention dropped what is next, the earliest that is left lies ahead.
  if (to === 'earliest' && spans.some(isOut)) return;
  throw new EngineError(
    'not-supported',
    `${row.name} is a queue, and a queue has no replay: it can only be reset to "latest", which purges it.`,
    { field: 'to' },
  );
}

function describe(
  entry: SubscriptionEntry,
  targets: readonly TargetOffset[],
  dryRun: boolean,
): ResetResponse {
  const moved = targets.map((target) => target.offset - target.committed);
  return {
    subscription: entry.row.name,
    dryRun,
    redelivered: moved.reduce((sum, by) => sum + Math.max(0, -by), 0),
    skipped: moved.reduce((sum, by) => sum + Math.max(0, by), 0),
    partitions: targets.map(({ topic, partition, committed, offset, eventTime }) => ({
      topic,
      partition,
      before: committed,
      after: offset,
      eventTime,
    })),
  };
}
