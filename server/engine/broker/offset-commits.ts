import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { BatchedWrites } from './batched-writes.ts';
import { type BrokerStore } from './broker-store.ts';
import { type OwnedPartition, partitionKey } from './owned-partition.ts';

/**
 * Stores how far one subscription has come: parked events first, then the offsets of all partitions that moved, in one statement.
 * At most one write at a time.
 */
export class OffsetCommits {
  readonly #store: BrokerStore;
  readonly #owner: Owner;
  readonly #subscriptionId: number;
  readonly #onLost: (partition: OwnedPartition) => void;
  readonly #onParked: () => void;
  readonly #writes: BatchedWrites<OwnedPartition>;

  constructor(deps: {
    readonly store: BrokerStore;
    readonly owner: Owner;
    readonly subscriptionId: number;
    readonly clock: Clock;
    readonly logger: Logger;
    /** The lease is somebody else's. */
    readonly onLost: (partition: OwnedPartition) => void;
    /** Parked events are stored and done. */
    readonly onParked: () => void;
  }) {
    this.#store = deps.store;
    this.#owner = deps.owner;
    this.#subscriptionId = deps.subscriptionId;
    this.#onLost = deps.onLost;
    this.#onParked = deps.onParked;
    this.#writes = new BatchedWrites({
      write: (partitions) => this.#write(partitions),
      clock: deps.clock,
      logger: deps.logger,
    });
  }

  /** Something of the partition is done or must be parked. */
  note(partition: OwnedPartition): void {
    this.#writes.note(partition);
  }

  /** Stores everything noted until now. Rejects when the database does. */
  flush(): Promise<void> {
    return this.#writes.flush();
  }

  /** As `flush`, for whoever has the partitions next: it also finds what is done beyond their offsets. */
  conclude(partitions: Iterable<OwnedPartition>): Promise<void> {
    for (const partition of partitions) {
      partition.closing = true;
      this.#writes.note(partition);
    }
    return this.#writes.flush();
  }

  /** Forgets what is not stored: it will be delivered again. */
  drop(): void {
    this.#writes.drop();
  }

  async #write(noted: readonly OwnedPartition[]): Promise<void> {
    const partitions = noted.filter((partition) => !partition.lost);
    await this.#park(partitions);
    await this.#commit(partitions);
  }

  async #park(partitions: readonly OwnedPartition[]): Promise<void> {
    const parked = partitions.map((partition) => [...partition.toPark]);
    if (parked.every((targets) => targets.length === 0)) return;
    const targets = partitions.flatMap(({ epoch }, index) =>
      (parked[index] ?? []).map((target) => ({ ...target, epoch })),
    );
    await this.#store.insertParkedRetries(this.#owner, targets);
    for (const [index, partition] of partitions.entries()) {
      const stored = parked[index] ?? [];
      partition.toPark.splice(0, stored.length);
      for (const target of stored) partition.progress.done(target.offset);
      partition.admitted -= stored.length;
    }
    this.#onParked();
  }

  async #commit(partitions: readonly OwnedPartition[]): Promise<void> {
    const moved = partitions.filter(
      ({ closing, progress, stored }) => closing || progress.watermark > stored,
    );
    if (moved.length === 0) return;
    const commits = moved.map((partition) => ({
      topicId: partition.topicId,
      partition: partition.partition,
      epoch: partition.epoch,
      committed: partition.progress.watermark,
      position: partition.progress.watermarkPosition,
      doneAhead: partition.closing ? partition.doneAhead() : null,
    }));
    const stored = await this.#store.updateCommitted(this.#subscriptionId, this.#owner, commits);
    const kept = new Set(stored.map((row) => partitionKey(row.topicId, row.partition)));
    for (const [index, partition] of moved.entries()) {
      if (kept.has(partitionKey(partition.topicId, partition.partition)))
        partition.stored = commits[index]?.committed ?? partition.stored;
      else this.#onLost(partition);
    }
  }
}
