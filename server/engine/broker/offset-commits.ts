import { type Database } from '#server/storage/database.ts';
import { type Owner, updateCommitted } from '#server/storage/partition-rows.ts';
import { insertParkedRetries } from '#server/storage/retry-rows.ts';
import { type Logger } from '../logger.ts';
import { type OwnedPartition, partitionKey } from './owned-partition.ts';

/** Offsets are stored this long after they moved at the latest, … */
const COMMIT_EVERY_MS = 100;
/** … or when this many events are done. What lies between is delivered again after a crash. */
const COMMIT_EVERY_EVENTS = 2_000;
const RETRY_MS = 500;

/**
 * Stores how far one subscription has come: parked events first, then the offsets of all partitions that moved, in one statement.
 * At most one write at a time.
 */
export class OffsetCommits {
  readonly #database: Database;
  readonly #owner: Owner;
  readonly #subscriptionId: number;
  readonly #logger: Logger;
  readonly #onLost: (partition: OwnedPartition) => void;
  readonly #onParked: () => void;
  readonly #dirty = new Set<OwnedPartition>();
  #events = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: {
    readonly database: Database;
    readonly owner: Owner;
    readonly subscriptionId: number;
    readonly logger: Logger;
    /** The lease is somebody else's. */
    readonly onLost: (partition: OwnedPartition) => void;
    /** Parked events are stored and done. */
    readonly onParked: () => void;
  }) {
    this.#database = deps.database;
    this.#owner = deps.owner;
    this.#subscriptionId = deps.subscriptionId;
    this.#logger = deps.logger;
    this.#onLost = deps.onLost;
    this.#onParked = deps.onParked;
  }

  /** Something of the partition is done or must be parked. */
  note(partition: OwnedPartition): void {
    this.#dirty.add(partition);
    this.#events += 1;
    if (this.#events >= COMMIT_EVERY_EVENTS) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), COMMIT_EVERY_MS);
  }

  /** Stores everything noted until now. Rejects when the database does. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#last;
    this.#last = (async () => {
      await before.catch(() => undefined);
      await this.#write();
    })();
    await this.#last;
  }

  /** Forgets what is not stored: it will be delivered again. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirty.clear();
  }

  #start(): void {
    if (this.#writing !== undefined) return;
    this.#writing = this.flush()
      .catch((error: unknown) => {
        this.#logger.warn({ err: error }, 'offsets could not be stored and are stored later');
        this.#timer ??= setTimeout(() => this.#start(), RETRY_MS);
      })
      .finally(() => {
        this.#writing = undefined;
        if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => this.#start(), COMMIT_EVERY_MS);
      });
  }

  async #write(): Promise<void> {
    const partitions = [...this.#dirty].filter((partition) => !partition.lost);
    this.#dirty.clear();
    this.#events = 0;
    try {
      await this.#park(partitions);
      await this.#commit(partitions);
    } catch (error) {
      for (const partition of partitions) this.#dirty.add(partition);
      throw error;
    }
  }

  async #park(partitions: readonly OwnedPartition[]): Promise<void> {
    const parked = partitions.map((partition) => [...partition.toPark]);
    if (parked.every((targets) => targets.length === 0)) return;
    await insertParkedRetries(this.#database.pool, parked.flat());
    for (const [index, partition] of partitions.entries()) {
      const targets = parked[index] ?? [];
      partition.toPark.splice(0, targets.length);
      for (const target of targets) partition.progress.done(target.offset);
      partition.admitted -= targets.length;
    }
    this.#onParked();
  }

  async #commit(partitions: readonly OwnedPartition[]): Promise<void> {
    const moved = partitions.filter((partition) => partition.progress.watermark > partition.stored);
    if (moved.length === 0) return;
    const commits = moved.map((partition) => ({
      topicId: partition.topicId,
      partition: partition.partition,
      epoch: partition.epoch,
      committed: partition.progress.watermark,
      position: partition.progress.watermarkPosition,
    }));
    const stored = await updateCommitted(
      this.#database.pool,
      this.#subscriptionId,
      this.#owner,
      commits,
    );
    const kept = new Set(stored.map((row) => partitionKey(row.topicId, row.partition)));
    for (const [index, partition] of moved.entries()) {
      if (kept.has(partitionKey(partition.topicId, partition.partition)))
        partition.stored = commits[index]?.committed ?? partition.stored;
      else this.#onLost(partition);
    }
  }
}
