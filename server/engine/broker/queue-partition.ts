import { type QueueMark } from '#server/storage/claim-rows.ts';
import { type EventLog } from '../log/event-log.ts';
import { type ClaimedRange } from './claimed-range.ts';
import { type OutOfRange } from './out-of-range.ts';

type RangeDependencies = {
  readonly log: Pick<EventLog, 'lowOffset'>;
  readonly onOutOfRange: (place: OutOfRange) => void;
};

/** One partition of a queue as this process knows it. Others claim of it too, so what it knows of them may be a little old. */
export class QueuePartition {
  readonly topicId: number;
  readonly partition: number;
  /** Its own claims whose rows exist. */
  readonly claims = new Set<ClaimedRange>();
  /** Not below the position of the event at offset `known`. */
  known = 0;
  position = 0;
  /** What is next, or is claimed here, was dropped by retention. */
  outOfRange = false;
  #next: number;
  #othersFrom: number | null;

  constructor(mark: QueueMark) {
    this.topicId = mark.topicId;
    this.partition = mark.partition;
    this.#next = mark.next;
    this.#othersFrom = mark.othersFrom;
  }

  /** Next offset to be claimed, or an older one. */
  get next(): number {
    return this.#next;
  }

  /** All below is done: as far as its claims, those of others and the cursor say. */
  get watermark(): number {
    let low = Math.min(this.#next, this.#othersFrom ?? this.#next);
    for (const claim of this.claims) low = Math.min(low, claim.progress.from);
    return low;
  }

  get progress(): { readonly watermark: number } {
    return this;
  }

  get stored(): number {
    return this.watermark;
  }

  /** Whether retention dropped what lies at the offset; says so once. */
  isGone(offset: number, deps: RangeDependencies): boolean {
    const low = deps.log.lowOffset(this.topicId, this.partition);
    if (offset < low) this.stopAt(offset, low, deps);
    return this.outOfRange;
  }

  stopAt(offset: number, low: number, deps: RangeDependencies): void {
    if (this.outOfRange) return;
    this.outOfRange = true;
    deps.onOutOfRange({ topicId: this.topicId, partition: this.partition, offset, low });
  }

  see(mark: QueueMark): void {
    this.#othersFrom = mark.othersFrom;
    this.claimedTo(mark.next);
  }

  claimedTo(offset: number): void {
    this.#next = Math.max(this.#next, offset);
  }

  /** An event was read: what follows it lies behind it. */
  readTo(offset: number, position: number): void {
    if (offset <= this.known) return;
    this.known = offset;
    this.position = position;
  }
}
