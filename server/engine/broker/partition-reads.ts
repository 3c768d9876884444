import { type EventLog } from '../log/event-log.ts';
import { type OutOfRange } from './out-of-range.ts';
import { type OwnedPartition, partitionKey } from './owned-partition.ts';

export const READ_PER_PARTITION = 500;

type PartitionReadsDependencies = {
  readonly log: Pick<EventLog, 'readPartitions' | 'lowOffset'>;
  readonly head: (topicId: number, partition: number) => number;
  /** The event that is next to be read was dropped by retention. */
  readonly onOutOfRange: (place: OutOfRange) => void;
};

/** Reads what comes next in partitions into their `pending`, also ahead, while what was read before is handled. */
export class PartitionReads {
  readonly #deps: PartitionReadsDependencies;
  #ahead: Promise<void> | undefined;

  constructor(deps: PartitionReadsDependencies) {
    this.#deps = deps;
  }

  /** Whether the log holds more than was read. */
  isUnread(partition: OwnedPartition): boolean {
    if (partition.outOfRange) return false;
    const head = this.#deps.head(partition.topicId, partition.partition);
    return partition.readOffset < head && partition.emptyAtHead !== head;
  }

  /** The event that is next to be read is gone, and so nothing is read: what is missing must not be passed over in silence. */
  isOutOfRange(partition: OwnedPartition): boolean {
    const low = this.#deps.log.lowOffset(partition.topicId, partition.partition);
    if (partition.pending.length > 0 || partition.readOffset >= low) return false;
    this.#stopAt(partition, low);
    return true;
  }

  /** Resolves when no read ahead is under way. */
  async settled(): Promise<void> {
    await this.#ahead;
  }

  /**
   * Begins to read more of those that have little left: at most READ_PER_PARTITION events of each, and about 4 MiB in all. What fails is
   * read again when it is wanted.
   */
  readAhead(partitions: readonly OwnedPartition[]): void {
    const short = partitions.filter(
      (partition) =>
        !partition.closing &&
        partition.pending.length * 2 <= READ_PER_PARTITION &&
        this.isUnread(partition),
    );
    if (short.length === 0 || this.#ahead !== undefined) return;
    this.#ahead = this.read(short, READ_PER_PARTITION)
      .catch(() => undefined)
      .finally(() => {
        this.#ahead = undefined;
      });
  }

  /** At most `limit` events of each. */
  async read(partitions: readonly OwnedPartition[], limit: number): Promise<void> {
    if (partitions.length === 0) return;
    const cursors = partitions.map((partition) => ({
      topicId: partition.topicId,
      partition: partition.partition,
      offset: partition.readOffset,
      position: partition.readPosition,
    }));
    const heads = partitions.map((one) => this.#deps.head(one.topicId, one.partition));
    const records = await this.#deps.log.readPartitions(cursors, limit);
    const asked = new Map(partitions.map((one) => [partitionKey(one.topicId, one.partition), one]));
    for (const record of records) {
      const partition = asked.get(partitionKey(record.topicId, record.partition));
      // While the read was under way the event may have been offered, or the partition given up and perhaps taken again from before.
      if (partition === undefined || partition.lost || partition.closing) continue;
      if (record.offset < partition.readOffset) continue;
      // Offsets are dense: retention dropped what lies between while this read was under way.
      if (record.offset > partition.readOffset) {
        if (!partition.outOfRange) this.#stopAt(partition, record.offset);
        continue;
      }
      partition.readOffset = record.offset + 1;
      partition.readPosition = record.position + 1;
      partition.pending.push(record);
    }
    for (const [index, partition] of partitions.entries()) {
      if (partition.readOffset === cursors[index]?.offset)
        partition.emptyAtHead = heads[index] ?? -1;
    }
  }

  #stopAt(partition: OwnedPartition, low: number): void {
    partition.outOfRange = true;
    const { topicId, partition: index, readOffset } = partition;
    this.#deps.onOutOfRange({ topicId, partition: index, offset: readOffset, low });
  }
}
