import { type PublishReceipt } from '#contracts/event.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';

export type ExpectedVersion = number | 'any' | 'noStream' | 'streamExists';

/** An event of a stream, as somebody who decides about the next one needs it. */
export type StreamFact = Pick<
  NewEvent,
  'id' | 'source' | 'type' | 'subject' | 'time' | 'dataText' | 'dataBinary'
>;

/** What was appended to a stream after the version that was expected, oldest first; the stream is then at `version`. */
export type StreamNews = { readonly version: number; readonly events: readonly StreamFact[] };

export type AppendRequest = {
  readonly topic: string;
  readonly events: readonly NewEvent[];
  /** With a stream the events get dense versions, and its id is their order key. */
  readonly streamId?: string;
  readonly expectedVersion?: ExpectedVersion;
  /**
   * Instead of a version-conflict: decides anew with the news, and what it answers is appended behind them; null lets the conflict stand.
   * Called again as long as others are quicker, so it must be pure, must not wait, and must keep the ids of what it was asked to append.
   * The news may come from the same batch: if they are not stored after all, neither is what was decided on them.
   */
  readonly decideAgain?: (news: StreamNews) => readonly NewEvent[] | null;
};

/** Where one read of a topic-partition goes on: `offset` is the next one wanted, `position` a lower bound that prunes leaves. */
export type PartitionCursor = {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
};

/**
 * The one append-only log. Promises: an append that resolves is fsynced at the positions it says; positions are dense,
 * in commit order, and visible in that order, so `position > x` never skips; the same (source, id) is stored once and
 * answered with its first position.
 */
export type EventLog = {
  /**
   * Resolves in the order of `events`. Throws EngineError: unknown-topic, version-conflict, topic-full,
   * unavailable (nothing stored), outcome-unknown (retry with the same ids), invalid-request.
   */
  append(request: AppendRequest): Promise<PublishReceipt[]>;
  /** Highest position known to be readable; 0 when empty. */
  tailPosition(): number;
  /** Calls back (synchronously, do little) whenever the tail moves. Returns the way to stop. */
  onTail(listener: (tailPosition: number) => void): () => void;
  /** First offset of a partition that retention has left, as far as this process knows; 0 when nothing is gone. */
  lowOffset(topicId: number, partition: number): number;
  /** Retention went on or a leaf came back: reads the low offsets again. */
  refreshLowOffsets(): Promise<void>;
  /** Events after `position` that retention has left, in order, at most `limit` and about `maxBytes`; from memory near the tail, else from disk. */
  readAfter(position: number, limit: number, maxBytes?: number): Promise<readonly LogRecord[]>;
  /** Per cursor the events from its offset on, at most `limit` each and about 4 MiB in all, in offset order, flattened. */
  readPartitions(cursors: readonly PartitionCursor[], limit: number): Promise<readonly LogRecord[]>;
  /** The events at exactly these positions that still exist, in position order. */
  readPositions(positions: readonly number[]): Promise<readonly LogRecord[]>;
};
