import { type PublishReceipt } from '#contracts/event.ts';
import { appendBatch } from '#server/storage/append-rows.ts';
import { type Database, type Db } from '#server/storage/database.ts';
import { classifyDatabaseError } from '#server/storage/database-errors.ts';
import { type Clock } from '../clock.ts';
import { unavailableReason } from '../database-failure.ts';
import { EngineError, isEngineError } from '../errors.ts';
import { type Logger } from '../logger.ts';
import {
  type AppendAnswer,
  type AppliedBatch,
  applyOutcome,
  type KnownHeads,
  type PreparedAppend,
  planBatch,
} from './append-plan.ts';
import { type StreamFact } from './event-log.ts';
import { BatchChains, expectedNumber, RecentStreams } from './stream-chains.ts';

/** A batch closes at whichever comes first; one append larger than this is a batch of its own. */
export const MAX_BATCH_COMMIT_EVENTS = 500;
export const MAX_BATCH_COMMIT_BYTES = 1_048_576;
/** How long a batch is retried while the database does not answer before its callers are told. */
const RETRY_FOR_MS = 4_000;
const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 400;
const RETRY_AFTER_MS = 1_000;
/** Times a batch is sent again for a leaf alone; others may fill one before it comes to it. */
const MAX_LEAVES_MADE = 10;

/** An append whose stream moves on so often is told of the conflict. */
const MAX_DECISIONS = 100;
/** One that has missed more than this must read the stream itself. */
const MAX_NEWS = 1_000;

type Pending = {
  readonly append: PreparedAppend;
  /** As it was decided on the news read after a conflict. */
  fromDisk: PreparedAppend | null;
  /** What of the two, or decided on the news of its batch, is sent. */
  sent: PreparedAppend;
  /** Times it was decided again after the log had refused it. */
  decisions: number;
  readonly resolve: (receipts: PublishReceipt[]) => void;
  readonly reject: (error: unknown) => void;
};

type GroupCommitDependencies = {
  readonly writers: Database['writers'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly heads: KnownHeads;
  readonly topicName: (topicId: number) => string;
  /** Called after a commit and before its callers are answered. */
  readonly onCommitted: (batch: AppliedBatch) => void;
  /** At most `limit` events of a stream after a version. */
  readonly readStream: (
    streamId: string,
    afterVersion: number,
    limit: number,
  ) => Promise<readonly StreamFact[]>;
  /** No leaf for the next positions. */
  readonly addLeaves: () => Promise<void>;
};

/**
 * Group commit: at most one batch is in flight; what arrives meanwhile forms the next. An idle log flushes at once, a busy one
 * grows its batches, and publish order is kept. Each append gets its own answer: one bad event is isolated by halving
 * the batch. A lost connection leaves the outcome unknown, so the same batch is sent again and the event ids make that safe.
 */
export class GroupCommit {
  readonly #deps: GroupCommitDependencies;
  #queue: Pending[] = [];
  readonly #recent = new RecentStreams();
  readonly #buffered = new Map<number, number>();
  #running: Promise<void> | null = null;
  #stopping = false;

  constructor(deps: GroupCommitDependencies) {
    this.#deps = deps;
  }

  /** Rejects with topic-full when the topic's bounded buffer has no room, with stopping after `stop`. */
  append(append: PreparedAppend): Promise<PublishReceipt[]> {
    if (this.#stopping) {
      return Promise.reject(new EngineError('stopping', 'The server is stopping; try again.'));
    }
    const buffered = this.#buffered.get(append.topic.id) ?? 0;
    // One append larger than the whole buffer is let in alone, else it could never be stored.
    if (buffered > 0 && buffered + append.events.length > append.topic.maxBuffered) {
      return Promise.reject(
        new EngineError(
          'topic-full',
          `Topic ${append.topic.name} has ${buffered} events waiting to be stored (maxBuffered ${append.topic.maxBuffered}). Try again shortly.`,
          { topic: append.topic.name, retryAfterMs: RETRY_AFTER_MS },
        ),
      );
    }
    this.#buffered.set(append.topic.id, buffered + append.events.length);
    return new Promise((resolve, reject) => {
      this.#queue.push({ append, fromDisk: null, sent: append, decisions: 0, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Events waiting to be stored, over all topics. */
  get waiting(): number {
    let total = 0;
    for (const count of this.#buffered.values()) total += count;
    return total;
  }

  /** Refuses new appends and waits for those in hand. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // Let everything that arrived in this turn of the event loop into the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      await this.#commit(batch);
    }
    this.#running = null;
  }

  // In arrival order; stops at the limits, and before an append that holds an id that is already in it.
  #takeBatch(): Pending[] {
    const batch: Pending[] = [];
    const ids = new Set<string>();
    const chains = new BatchChains(this.#recent);
    let events = 0;
    let bytes = 0;
    for (const pending of this.#queue) {
      const append = chains.place(pending.append, pending.fromDisk);
      pending.sent = append;
      events += append.events.length;
      bytes += append.sizeBytes;
      const full = events > MAX_BATCH_COMMIT_EVENTS || bytes > MAX_BATCH_COMMIT_BYTES;
      if (batch.length > 0 && full) break;
      if (!addIds(ids, append)) break;
      batch.push(pending);
    }
    this.#queue = this.#queue.slice(batch.length);
    return batch;
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    try {
      const plan = planBatch(
        batch.map((pending) => pending.sent),
        this.#deps.heads,
      );
      const outcome = await this.#send((db) => appendBatch(db, plan.arrays));
      const applied = applyOutcome(plan, outcome, this.#deps.topicName);
      this.#deps.onCommitted(applied);
      for (const [index, pending] of batch.entries()) this.#answer(pending, applied.answers[index]);
    } catch (error) {
      await this.#fail(batch, error);
    }
  }

  #answer(pending: Pending, answer: AppendAnswer | undefined): void {
    const { append } = pending;
    if (answer?.kind === 'stored') {
      this.#noteNews(pending, answer.receipts);
      this.#forget([pending]);
      pending.resolve(answer.receipts);
      return;
    }
    const error = answer?.error ?? new Error('The log gave no answer');
    if (append.decideAgain !== null && isEngineError(error, 'version-conflict')) {
      void this.#decideFromDisk(pending, error);
      return;
    }
    this.#forget([pending]);
    pending.reject(error);
  }

  #noteNews({ append, sent }: Pending, receipts: readonly PublishReceipt[]): void {
    const { streamId } = append;
    if (streamId === null) return;
    if (append.decideAgain === null && this.#recent.get(streamId) === undefined) return;
    const first = receipts[0]?.version;
    if (first === undefined || receipts.some((receipt) => receipt.duplicate)) return;
    this.#recent.note(streamId, first - 1, sent.events);
  }

  /**
   * Its stream is further than this process knew, or not as far as the batch had it: what it has not seen is read, and it is tried again with
   * what it decides on that.
   */
  async #decideFromDisk(pending: Pending, conflict: EngineError): Promise<void> {
    const { append } = pending;
    const expected = expectedNumber(append) ?? 0;
    const streamId = append.streamId ?? '';
    try {
      this.#recent.forget(streamId);
      const version = Number(conflict.details['currentVersion']);
      const missing = version - expected;
      if (pending.decisions >= MAX_DECISIONS || missing < 0 || missing > MAX_NEWS) throw conflict;
      const events = await this.#deps.readStream(streamId, expected, missing);
      if (events.length !== missing) throw conflict;
      pending.fromDisk = append.decideAgain?.({ version, events }) ?? null;
      if (pending.fromDisk === null) throw conflict;
      this.#recent.note(streamId, expected, events);
      pending.decisions += 1;
      this.#queue.push(pending);
      this.#running ??= this.#drain();
    } catch (error) {
      this.#forget([pending]);
      pending.reject(error);
    }
  }

  // The database refused the data of some event: halve until it stands alone.
  async #fail(batch: readonly Pending[], error: unknown): Promise<void> {
    const refusedData = classifyDatabaseError(error) === 'data';
    if (refusedData && batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await this.#commit(batch.slice(0, middle));
      await this.#commit(batch.slice(middle));
      return;
    }
    this.#forget(batch);
    const reason =
      refusedData && error instanceof Error
        ? new EngineError('invalid-request', `The event cannot be stored: ${error.message}`, {
            cause: error,
          })
        : error;
    for (const pending of batch) pending.reject(reason);
  }

  // Sends until the database has answered, or the time is up.
  async #send<Result>(call: (db: Db) => Promise<Result>): Promise<Result> {
    const { clock, logger, writers } = this.#deps;
    const started = clock.monotonicMs();
    let mayBeStored = false;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const client = await writers.connect();
        let broken = false;
        try {
          return await call(client);
        } catch (error) {
          const kind = classifyDatabaseError(error);
          broken = kind === 'connection';
          mayBeStored ||= kind === 'connection';
          throw error;
        } finally {
          client.release(broken);
        }
      } catch (error) {
        const kind = classifyDatabaseError(error);
        if (kind === 'data' || kind === 'bug') throw error;
        const hasLeaf = kind === 'missing-leaf' && (await this.#makeLeaf());
        // A leaf that was made is tried at once, however long it took.
        if (hasLeaf && attempt < MAX_LEAVES_MADE) continue;
        if (clock.monotonicMs() - started > RETRY_FOR_MS) throw givenUp(mayBeStored, error);
        logger.warn({ err: error, attempt }, 'append is tried again');
        await clock.sleep(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** attempt));
      }
    }
  }

  /** False when none could be made now: the next attempt asks again. */
  #makeLeaf(): Promise<boolean> {
    return this.#deps.addLeaves().then(
      () => true,
      () => false,
    );
  }

  #forget(batch: readonly Pending[]): void {
    for (const { append } of batch) {
      const left = (this.#buffered.get(append.topic.id) ?? 0) - append.events.length;
      if (left > 0) this.#buffered.set(append.topic.id, left);
      else this.#buffered.delete(append.topic.id);
    }
  }
}

// False when the batch already holds one of the ids: the append then waits for the next batch, which sees it as a duplicate.
function addIds(ids: Set<string>, append: PreparedAppend): boolean {
  const own = append.events.map((event) => `${event.id}\u0000${event.source}`);
  if (own.some((id) => ids.has(id))) return false;
  for (const id of own) ids.add(id);
  return true;
}

function givenUp(mayBeStored: boolean, cause: unknown): EngineError {
  return mayBeStored
    ? new EngineError(
        'outcome-unknown',
        'The connection to the database was lost while storing. Send the same events with the same ids again: what was stored is then answered as a duplicate.',
        { retryAfterMs: RETRY_AFTER_MS, cause },
      )
    : new EngineError('unavailable', `${unavailableReason(cause)}; nothing was stored.`, {
        retryAfterMs: RETRY_AFTER_MS,
        cause,
      });
}
