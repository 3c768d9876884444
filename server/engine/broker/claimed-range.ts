import { type ClaimRow } from '#server/storage/claim-rows.ts';
import { ClaimProgress } from './claim-progress.ts';
import { type Delivery, type Lease } from './delivery.ts';
import { Queue } from './queue.ts';

/** A range of a queue's partition that this process has claimed, with what is in hand of it. */
export class ClaimedRange implements Lease {
  readonly claimId: number;
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: number;
  /** What was in flight of it perhaps killed its owner before: its events are tried one at a time, each attempt recorded first. */
  readonly suspect: boolean;
  readonly progress: ClaimProgress;
  readonly claimedMs: number;
  /** One of a suspect claim was handed out or may be. */
  isOut = false;
  /** Suspect ones that wait for the one before. */
  readonly waiting = new Queue<Delivery>();
  /** Where reading goes on. */
  readOffset: number;
  readPosition: number;
  /** A read found nothing of what is missing: wait for the next look. */
  stalled = false;
  /** Not finished here yet, whether it is read or not. */
  unfinished: number;
  bytes = 0;
  /** How many looks in a row found nothing of it in flight. */
  idleLooks = 0;
  lost = false;
  /** All of it is done and stored; at most once that is before its events are handed out. */
  isComplete = false;

  constructor(row: ClaimRow, retried: readonly number[], nowMs: number) {
    this.claimId = row.id;
    this.topicId = row.topicId;
    this.partition = row.partition;
    this.epoch = row.epoch;
    this.suspect = row.suspect;
    this.claimedMs = nowMs;
    this.progress = new ClaimProgress(row, row.done);
    for (const offset of retried) this.progress.done(offset);
    this.readOffset = this.progress.from;
    this.readPosition = row.position;
    this.unfinished = this.progress.undone;
  }

  /** The first offset that is not done, from where reading goes on to `until` (excluded); null when all are. */
  firstUndone(until: number): number | null {
    for (let offset = this.readOffset; offset < until; offset += 1)
      if (!this.progress.isDone(offset)) return offset;
    return null;
  }

  get isRead(): boolean {
    return this.readOffset >= this.progress.to;
  }
}
