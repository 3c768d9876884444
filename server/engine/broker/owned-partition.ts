import { type OffsetRange } from '#server/storage/multirange.ts';
import { type OwnedPartitionRow } from '#server/storage/partition-rows.ts';
import { type RetryTarget } from '#server/storage/retry-rows.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Delivery } from './delivery.ts';
import { KeyLanes } from './key-lanes.ts';
import { PartitionProgress } from './partition-progress.ts';
import { Queue } from './queue.ts';

/** More parked events than this make their partition wait. */
export const MAX_PARKED = 10_000;
const MIN_WINDOW = 1_024;

/** A partition this process holds the lease of, with what is in hand of it. */
export class OwnedPartition {
  readonly claimId = null;
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: number;
  readonly suspectUntil: number;
  readonly progress: PartitionProgress;
  readonly lanes = new KeyLanes<Delivery>();
  /** Read from the log and not admitted yet. */
  readonly pending = new Queue<LogRecord>();
  /** Behind a key in retries, to be stored with the next commit. */
  readonly toPark: RetryTarget[] = [];
  /** Not to be delivered although the commit has not passed them: in retries, or done at an owner before. */
  readonly settled: Set<number>;
  /** Admitted and not done. */
  admitted = 0;
  admittedBytes = 0;
  /** Offsets that are done are stored up to here. */
  stored: number;
  /** Where reading goes on. */
  readOffset: number;
  readPosition: number;
  /** A read found nothing although the head is beyond: wait until the head moves again. */
  emptyAtHead = -1;
  /** It is being given up: nothing more is taken of it, and its commits say what is done beyond the offset. */
  closing = false;
  /** Something waited for room here. */
  starved = false;
  /** The next event was dropped by retention: nothing more is read until somebody says where to go on. */
  outOfRange = false;
  /** Another process has it; whatever is still in hand must not be counted. */
  lost = false;
  readonly isComplete = false;

  constructor(row: OwnedPartitionRow, retried: readonly number[], maxInFlight: number) {
    this.topicId = row.topicId;
    this.partition = row.partition;
    this.epoch = row.epoch;
    this.suspectUntil = row.suspectUntil;
    this.stored = row.committed;
    this.readOffset = row.committed;
    this.readPosition = row.committedPosition;
    this.settled = new Set([...retried, ...row.doneAhead.flatMap(offsetsOf)]);
    this.progress = new PartitionProgress(
      row.committed,
      row.committedPosition,
      Math.max(MIN_WINDOW, maxInFlight * 2),
    );
  }

  get hasRoom(): boolean {
    if (this.progress.next < this.suspectUntil && this.admitted > 0) return false;
    return this.lanes.parked < MAX_PARKED && this.progress.hasRoom;
  }

  /**
   * What whoever has it next must not deliver again, beyond the watermark: ranges that neither touch nor overlap, in order. All lie in the
   * window of this owner or of one before, so there are at most as many as half of the greatest window.
   */
  doneAhead(): OffsetRange[] {
    const unread = [...this.settled].filter((offset) => offset >= this.progress.next);
    const ranges: { from: number; to: number }[] = [];
    for (const offset of [...this.progress.doneAhead(), ...unread.toSorted((a, b) => a - b)]) {
      const last = ranges.at(-1);
      if (last?.to === offset) last.to += 1;
      else ranges.push({ from: offset, to: offset + 1 });
    }
    return ranges;
  }
}

const offsetsOf = ({ from, to }: OffsetRange): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** One number for a topic's partition; a topic has at most 256. */
export const partitionKey = (topicId: number, partition: number): number =>
  topicId * 1_024 + partition;
