import { isSamePartition, type PartitionRef } from '#server/storage/partition-ref.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type BrokerStore } from './broker-store.ts';
import { type InHand, type Takeover } from './delivery-source.ts';
import { type Intake } from './intake.ts';
import { partitionKey } from './owned-partition.ts';

const ORPHAN_LIMIT = 1_000;

/** Retries of a queue that others left in the middle; nothing is replayed to a queue. */
export async function takeOverRetries(
  store: BrokerStore,
  owner: Owner,
  id: number,
): Promise<Takeover> {
  const taking = { taken: [], limit: ORPHAN_LIMIT };
  const orphans = await store.claimOrphanedRetries(id, owner, taking);
  return { hasTaken: false, orphans, replays: [] };
}

/**
 * Takes those of the partitions that can be had into the intake, with the keys that must wait. A retry that is settled between the read of
 * those keys and the moment the intake has the partition would leave its key waiting for nothing: none is claimed before that moment, and
 * a partition of which this process tries some already, since it was its own before, is left for the next time. So is one of which a
 * claim is on its way: it may have been sent before the partition was lost, and reach the database after it was asked.
 */
export async function takeOver(
  store: BrokerStore,
  owner: Owner,
  subscription: {
    readonly id: number;
    readonly maxInFlight: number;
    readonly mine: readonly PartitionRef[];
    /** The last time it failed, and perhaps took some. */
    readonly isInDoubt: boolean;
    readonly inHand: InHand;
  },
  intake: Pick<Intake, 'partitions' | 'own'>,
): Promise<Takeover> {
  const { id, maxInFlight, isInDoubt, inHand } = subscription;
  // What was taken and not known of would be nobody's once it is another process's to have.
  if (isInDoubt) await store.releaseForgottenPartitions(id, owner, [...intake.partitions.values()]);
  const missing = missingOf(subscription.mine, intake);
  for (const partition of missing) inHand.giveBack(partition);
  const settled = missing.filter((partition) => !inHand.isMoving(partition));
  const held = settled.filter((partition) => inHand.holds(partition));
  const claimed =
    held.length === 0 ? [] : await store.selectForgottenRetries(id, owner.incarnation, []);
  const isTried = (partition: PartitionRef): boolean =>
    held.includes(partition) &&
    claimed.some((row) => row.kind === 'delivery' && isSamePartition(row, partition));
  const wanted = settled.filter((partition) => !isTried(partition));
  const rows =
    wanted.length === 0 ? [] : await store.acquirePartitions(id, owner, { maxInFlight, wanted });
  await store.promoteHeadlessKeys(id, rows);
  const taking = { taken: rows, limit: ORPHAN_LIMIT };
  const orphans = await store.claimOrphanedRetries(id, owner, taking);
  const [keys, offsets, replays] = [
    await store.selectRetryingKeys(id),
    await store.selectRetriedOffsets(id),
    await store.selectRetryingReplays(id),
  ];
  intake.own(rows, keys, offsets);
  return { hasTaken: rows.length > 0, orphans, replays };
}

/** Those of the partitions that the intake does not have. */
export const missingOf = <Ref extends PartitionRef>(
  mine: readonly Ref[],
  intake: Pick<Intake, 'partitions'>,
): Ref[] => mine.filter((one) => !intake.partitions.has(partitionKey(one.topicId, one.partition)));
