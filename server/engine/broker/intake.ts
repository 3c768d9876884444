import { type SubscriptionSettings } from '#contracts/subscription.ts';
import { isSamePartition } from '#server/storage/partition-ref.ts';
import { type OwnedPartitionRow } from '#server/storage/partition-rows.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type RetryingKey } from '#server/storage/retry-takeover-rows.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Delivery, type Lease } from './delivery.ts';
import { type DeliveryIntake } from './delivery-source.ts';
import { type OffsetCommits } from './offset-commits.ts';
import { type OutOfRange } from './out-of-range.ts';
import { OwnedPartition, partitionKey } from './owned-partition.ts';
import { readPending } from './pending-reads.ts';
import { Queue } from './queue.ts';
import { targetOf } from './settlement.ts';

const MAX_ADMITTED_BYTES = 32 * 1_048_576;
const READ_PER_PARTITION = 500;
/** With `block` the whole partition is one line: everything waits behind what failed. */
const WHOLE_PARTITION = '';

export type IntakeRules = {
  readonly subscriptionId: number;
  readonly settings: SubscriptionSettings;
  readonly matches: (record: LogRecord) => boolean;
};

/**
 * Takes events from the log for one subscription, in order, as far as there is room, and holds them in the order they may be handed
 * out: one at a time per order key. Knows which offsets are done.
 */
export class Intake implements DeliveryIntake {
  readonly ready = new Queue<Delivery>();
  readonly #rules: IntakeRules;
  readonly #log: EventLog;
  readonly #head: (topicId: number, partition: number) => number;
  readonly #commits: OffsetCommits;
  readonly #onOutOfRange: (place: OutOfRange) => void;
  readonly #partitions = new Map<number, OwnedPartition>();
  /** At most once: admitted, and handed out as soon as the offset behind it is stored. */
  #uncommitted: Delivery[] = [];
  #admitted = 0;
  #admittedBytes = 0;
  #behind = true;

  constructor(
    rules: IntakeRules,
    deps: {
      readonly log: EventLog;
      readonly head: (topicId: number, partition: number) => number;
      readonly commits: OffsetCommits;
      readonly onOutOfRange: (place: OutOfRange) => void;
    },
  ) {
    this.#rules = rules;
    this.#log = deps.log;
    this.#head = deps.head;
    this.#commits = deps.commits;
    this.#onOutOfRange = deps.onOutOfRange;
  }

  /** Admitted and not done. */
  get admitted(): number {
    return this.#admitted;
  }

  get partitions(): ReadonlyMap<number, OwnedPartition> {
    return this.#partitions;
  }

  /** Whether a fetch may bring something. */
  get canFetch(): boolean {
    return (this.#behind && this.#hasRoom) || this.#uncommitted.length > 0;
  }

  /** Worth a read: half of what may be in hand is done. */
  get isHalfEmpty(): boolean {
    return this.#admitted * 2 <= this.#rules.settings.maxInFlight;
  }

  /** Look again, whatever was thought. */
  recheck(): void {
    this.#behind = true;
    for (const partition of this.#partitions.values()) partition.outOfRange = false;
  }

  /** Partitions that were taken, with what is in retries of each. */
  own(
    rows: readonly OwnedPartitionRow[],
    keys: readonly RetryingKey[],
    retriedOffsets: readonly { topicId: number; partition: number; offset: number }[],
  ): void {
    for (const row of rows) {
      const ofRow = retriedOffsets.filter((one) => isSamePartition(one, row));
      const retried = ofRow.map(({ offset }) => offset);
      const owned = new OwnedPartition(row, retried, this.#rules.settings.maxInFlight);
      for (const key of keys) if (isSamePartition(key, row)) this.#restoreLane(owned, key);
      this.#partitions.set(partitionKey(row.topicId, row.partition), owned);
    }
    this.#behind = true;
  }

  lose({ topicId, partition: index, epoch }: Lease): void {
    const key = partitionKey(topicId, index);
    const partition = this.#partitions.get(key);
    if (partition?.epoch !== epoch) return;
    partition.lost = true;
    this.#partitions.delete(key);
    this.#admitted -= partition.admitted;
    this.#admittedBytes -= partition.admittedBytes;
    partition.admitted = 0;
  }

  /** Partitions that are not being given away. */
  get open(): OwnedPartition[] {
    return [...this.#partitions.values()].filter((partition) => !partition.closing);
  }

  /**
   * Takes nothing more of the partition; what was not handed out is left to whoever has it next. At most once is different: what is stored
   * as done is still handed out.
   */
  close(partition: OwnedPartition): void {
    partition.closing = true;
    partition.pending.drain();
    if (this.#commitsFirst) return;
    const ready = this.ready.remove((delivery) => delivery.lease === partition);
    const waiting = [...partition.lanes.drainWaiting(), ...ready];
    partition.admitted -= waiting.length;
    this.#admitted -= waiting.length;
    for (const { record } of waiting) this.#countBytes(partition, -(record.dataText?.length ?? 0));
  }

  /** Forgets everything in hand; the partitions are read from the database again. */
  clear(): void {
    for (const partition of this.#partitions.values()) this.lose(partition);
    this.ready.drain();
    this.#uncommitted = [];
    this.#admitted = 0;
    this.#admittedBytes = 0;
  }

  /** A new event of the log. True when it is this subscription's partition. */
  offer(record: LogRecord): boolean {
    const partition = this.#partitions.get(partitionKey(record.topicId, record.partition));
    if (partition === undefined || partition.closing) return false;
    const isNext = partition.readOffset === record.offset && partition.pending.length === 0;
    if (!isNext || this.#commitsFirst || !this.#hasRoom || !partition.hasRoom) {
      this.#behind = true;
      return true;
    }
    partition.readOffset = record.offset + 1;
    partition.readPosition = record.position + 1;
    if (!this.#admit(partition, record)) partition.pending.push(record);
    return true;
  }

  /** Reads and admits up to about `demand` events. */
  async fetch(demand: number): Promise<void> {
    if (this.#uncommitted.length > 0) await this.#commitThenHandOut();
    const wanted = Math.min(demand, this.#rules.settings.maxInFlight - this.#admitted);
    if (!this.#behind || wanted <= 0) return;
    const behind: OwnedPartition[] = [];
    for (const partition of this.open) {
      if (!this.#isBehind(partition) || this.#isOutOfRange(partition)) continue;
      // Whatever frees room there says so, and only then it is worth another look.
      if (!partition.hasRoom) partition.starved = true;
      else if (!partition.starved) behind.push(partition);
    }
    if (behind.length === 0) {
      this.#behind = false;
      return;
    }
    await this.#read(
      behind.filter((partition) => partition.pending.length === 0),
      Math.min(READ_PER_PARTITION, Math.max(1, Math.ceil(wanted / behind.length))),
    );
    const limit = this.#admitted + wanted;
    for (const partition of behind) this.#admitPending(partition, limit, this.#uncommitted);
    if (this.#commitsFirst) await this.#commitThenHandOut();
    this.#behind = [...this.#partitions.values()].some(
      (partition) => !partition.closing && !partition.starved && this.#isBehind(partition),
    );
  }

  /** Runs after the delivery in its lane, or frees the lane. The offset is done. */
  release(delivery: Delivery): void {
    const partition = this.#leasedBy(delivery);
    if (partition === undefined) return;
    const key = this.laneOf(delivery);
    if (key !== null) {
      const next = partition.lanes.leave(key);
      if (next !== null) this.ready.push(next);
    }
    this.#done(partition, delivery.record);
  }

  /** The delivery failed and will be retried from its row: its offset is done, what comes behind waits as the settings say. */
  setAside(delivery: Delivery): void {
    const partition = this.#leasedBy(delivery);
    if (partition === undefined) return;
    const key = this.laneOf(delivery);
    const mode = this.#rules.settings.onFailure;
    if (key === null || mode === 'skip') {
      this.release(delivery);
      return;
    }
    const stopped = mode === 'park-key' ? partition.lanes.block(key) : [];
    for (const waiting of stopped) this.#park(partition, waiting);
    this.#done(partition, delivery.record);
  }

  /** The head of a lane is settled from its row and nothing parked follows it: the lane is free. */
  freeLane(delivery: Delivery): void {
    const partition = this.partitionOf(delivery);
    const key = this.laneOf(delivery);
    if (partition === undefined || key === null) return;
    if (this.#rules.settings.onFailure === 'park-key') {
      partition.lanes.unblock(key);
    } else if (this.#rules.settings.onFailure === 'block' && partition.lanes.isHeld(key)) {
      const next = partition.lanes.leave(key);
      if (next !== null) this.ready.push(next);
    }
    this.#feed(partition);
  }

  /** A parked event was taken as the new head of its lane. */
  unparked(delivery: Delivery): void {
    const partition = this.partitionOf(delivery);
    if (partition === undefined || delivery.record.key === null) return;
    partition.lanes.unparked(delivery.record.key);
    this.#feed(partition);
  }

  awaitsParking({ topicId, partition: index, offset }: ClaimedRetry): boolean {
    const partition = this.#partitions.get(partitionKey(topicId, index));
    return partition?.toPark.some((target) => target.offset === offset) ?? false;
  }

  /** Events that are parked behind the delivery's key, or are about to be. */
  parkedBehind(delivery: Delivery): number {
    const { key } = delivery.record;
    return key === null ? 0 : (this.partitionOf(delivery)?.lanes.parkedBehind(key) ?? 0);
  }

  partitionOf({ record }: Delivery): OwnedPartition | undefined {
    return this.#partitions.get(partitionKey(record.topicId, record.partition));
  }

  /** The partition the delivery was taken from, while its lease is held. */
  #leasedBy(delivery: Delivery): OwnedPartition | undefined {
    return delivery.lease === null || delivery.lease.lost ? undefined : this.partitionOf(delivery);
  }

  /** What keeps the delivery's order: its key, the whole partition, or nothing. */
  laneOf({ record }: Delivery): string | null {
    return this.#rules.settings.onFailure === 'block' ? WHOLE_PARTITION : record.key;
  }

  /** After parked events were stored. */
  recount(): void {
    this.#admitted = 0;
    for (const partition of this.#partitions.values()) {
      this.#admitted += partition.admitted;
      this.#feed(partition);
    }
  }

  get #commitsFirst(): boolean {
    return this.#rules.settings.guarantee === 'at-most-once';
  }

  get #hasRoom(): boolean {
    const { maxInFlight } = this.#rules.settings;
    return this.#admitted < maxInFlight && this.#admittedBytes < MAX_ADMITTED_BYTES;
  }

  #isBehind(partition: OwnedPartition): boolean {
    if (partition.pending.length > 0) return true;
    if (partition.outOfRange) return false;
    const head = this.#head(partition.topicId, partition.partition);
    return partition.readOffset < head && partition.emptyAtHead !== head;
  }

  /** The event that is next to be read is gone, and so nothing is read: what is missing must not be passed over in silence. */
  #isOutOfRange(partition: OwnedPartition): boolean {
    const low = this.#log.lowOffset(partition.topicId, partition.partition);
    if (partition.pending.length > 0 || partition.readOffset >= low) return false;
    this.#stopAt(partition, low);
    return true;
  }

  #stopAt(partition: OwnedPartition, low: number): void {
    const { topicId, partition: index, readOffset: offset } = partition;
    partition.outOfRange = true;
    this.#onOutOfRange({ topicId, partition: index, offset, low });
  }

  #read(partitions: readonly OwnedPartition[], limit: number): Promise<void> {
    return readPending(partitions, limit, {
      log: this.#log,
      head: this.#head,
      owned: this.#partitions,
      onHole: (partition, low) => this.#stopAt(partition, low),
    });
  }

  #admitPending(partition: OwnedPartition, limit: number, taken: Delivery[]): void {
    while (this.#admitted < limit && this.#hasRoom && partition.hasRoom && !partition.lost) {
      const record = partition.pending.peek();
      if (record === undefined) return;
      if (!this.#admit(partition, record, taken)) {
        partition.starved = true;
        return;
      }
      partition.pending.shift();
    }
  }

  /** False when there is no room for it in the partition's window. */
  #admit(partition: OwnedPartition, record: LogRecord, taken?: Delivery[]): boolean {
    if (!partition.progress.admit(record.offset, record.position)) return false;
    const known = partition.settled.size > 0 && partition.settled.delete(record.offset);
    if (known || !this.#rules.matches(record)) {
      partition.progress.done(record.offset);
      this.#commits.note(partition);
      return true;
    }
    const delivery: Delivery = {
      record,
      lease: partition,
      kind: 'delivery',
      attempt: 1,
      operationId: null,
      dataText: null,
      careful: !this.#commitsFirst && record.offset < partition.suspectUntil,
      retry: null,
    };
    partition.admitted += 1;
    this.#admitted += 1;
    this.#countBytes(partition, record.dataText?.length ?? 0);
    if (taken !== undefined && this.#commitsFirst) {
      partition.progress.done(record.offset);
      this.#commits.note(partition);
      taken.push(delivery);
    } else this.#enter(partition, delivery);
    return true;
  }

  #enter(partition: OwnedPartition, delivery: Delivery): void {
    const key = this.laneOf(delivery);
    const place = key === null ? 'run' : partition.lanes.enter(key, delivery);
    if (place === 'run') this.ready.push(delivery);
    else if (place === 'park') this.#park(partition, delivery);
  }

  /** At most once: what will be handed out is behind the stored offset first, so that a crash cannot bring it again. */
  async #commitThenHandOut(): Promise<void> {
    await this.#commits.flush();
    for (const delivery of this.#uncommitted.splice(0)) {
      const partition = this.#leasedBy(delivery);
      if (partition !== undefined) this.#enter(partition, delivery);
    }
  }

  #park(partition: OwnedPartition, delivery: Delivery): void {
    this.#countBytes(partition, -(delivery.record.dataText?.length ?? 0));
    partition.toPark.push(targetOf(this.#rules.subscriptionId, delivery));
    this.#commits.note(partition);
  }

  #done(partition: OwnedPartition, record: LogRecord): void {
    partition.admitted -= 1;
    this.#admitted -= 1;
    this.#countBytes(partition, -(record.dataText?.length ?? 0));
    if (!this.#commitsFirst) {
      partition.progress.done(record.offset);
      this.#commits.note(partition);
    }
    this.#feed(partition);
  }

  #countBytes(partition: OwnedPartition, bytes: number): void {
    partition.admittedBytes += bytes;
    this.#admittedBytes += bytes;
  }

  #feed(partition: OwnedPartition): void {
    if (!partition.starved) return;
    partition.starved = false;
    this.#behind = true;
  }

  #restoreLane(partition: OwnedPartition, key: RetryingKey): void {
    const mode = this.#rules.settings.onFailure;
    if (mode === 'block') partition.lanes.hold(WHOLE_PARTITION);
    else if (mode === 'park-key' && key.key !== null) partition.lanes.restore(key.key, key.parked);
  }
}
