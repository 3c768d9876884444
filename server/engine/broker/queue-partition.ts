import { type QueueMark } from '#server/storage/claim-rows.ts';
import { type ClaimedRange } from './claimed-range.ts';

/** One partition of a queue as this process knows it. Others claim of it too, so what it knows of them may be a little old. */
export class QueuePartition {
  readonly topicId: number;
  readonly partition: number;
  /** Its own claims whose rows exist. */
  readonly claims = new Set<ClaimedRange>();
  /** Not below the position of the event at offset `known`. */
  known = 0;
  position = 0;
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
