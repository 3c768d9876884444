import { type EventLog } from '../log/event-log.ts';
import { type OwnedPartition, partitionKey } from './owned-partition.ts';

/** Reads at most `limit` events of each partition behind what it has, into its `pending`; what was given up meanwhile gets nothing. */
export async function readPending(
  partitions: readonly OwnedPartition[],
  limit: number,
  from: {
    readonly log: Pick<EventLog, 'readPartitions'>;
    readonly head: (topicId: number, partition: number) => number;
    /** What is owned when the read is done, by `partitionKey`. */
    readonly owned: ReadonlyMap<number, OwnedPartition>;
    /** Events that should be there are gone; `low` is the first that is left. */
    readonly onHole: (partition: OwnedPartition, low: number) => void;
  },
): Promise<void> {
  if (partitions.length === 0) return;
  const cursors = partitions.map((partition) => ({
    topicId: partition.topicId,
    partition: partition.partition,
    offset: partition.readOffset,
    position: partition.readPosition,
  }));
  const heads = partitions.map((one) => from.head(one.topicId, one.partition));
  const records = await from.log.readPartitions(cursors, limit);
  for (const record of records) {
    const partition = from.owned.get(partitionKey(record.topicId, record.partition));
    // While the read was under way the event may have been offered, or the partition given up and taken again.
    if (partition === undefined || partition.closing) continue;
    if (record.offset < partition.readOffset) continue;
    // Offsets are dense: retention dropped what lies between while this read was under way.
    if (record.offset > partition.readOffset) {
      if (!partition.outOfRange) from.onHole(partition, record.offset);
      continue;
    }
    partition.readOffset = record.offset + 1;
    partition.readPosition = record.position + 1;
    partition.pending.push(record);
  }
  for (const [index, partition] of partitions.entries()) {
    if (partition.readOffset === cursors[index]?.offset) partition.emptyAtHead = heads[index] ?? -1;
  }
}
