import { type PublishReceipt } from '#contracts/event.ts';
import { type LogRecord, type NewEvent } from './event-record.ts';

export type ExpectedVersion = number | 'any' | 'noStream' | 'streamExists';

export type AppendRequest = {
  readonly topic: string;
  readonly events: readonly NewEvent[];
  /** With a stream the events get dense versions, and its id is their order key. */
  readonly streamId?: string;
  readonly expectedVersion?: ExpectedVersion;
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
  /** Events after `position` in order, at most `limit` and about `maxBytes`; from memory near the tail, else from disk. */
  readAfter(position: number, limit: number, maxBytes?: number): Promise<readonly LogRecord[]>;
  /** Per cursor the events from its offset on, at most `limit` each and about 4 MiB in all, in offset order, flattened. */
  readPartitions(cursors: readonly PartitionCursor[], limit: number): Promise<readonly LogRecord[]>;
  /** The events at exactly these positions that still exist, in position order. */
  readPositions(positions: readonly number[]): Promise<readonly LogRecord[]>;
};
