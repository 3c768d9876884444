import { storedEventSchema } from '#contracts/event.ts';
import { isSamePartition, type PartitionRef } from '#server/storage/partition-ref.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { isEngineError } from '../errors.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord, recordOfStoredEvent } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type Delivery } from './delivery.ts';

/** Whether the next of a key turned up that was claimed and forgotten. */
export type NextWatch = { readonly isFound: boolean; readonly end: () => void };

/**
 * Takes due retries of one subscription and finds the events they are about. Knows which rows this process holds: when the answer to a
 * statement that claims rows is lost, those it claimed without anybody knowing are looked for and handed over.
 */
export class RetryClaims {
  readonly #store: BrokerStore;
  readonly #log: Pick<EventLog, 'readPositions'>;
  readonly #logger: Logger;
  readonly #subscriptionId: number;
  readonly #incarnation: string;
  /** Claimed, not handed out, and not given back because the database was away. */
  readonly #unreturned = new Set<number>();
  readonly #held = new Map<number, ClaimedRetry>();
  readonly #onFound: (rows: readonly ClaimedRetry[]) => void;
  readonly #watches = new Set<(found: ClaimedRetry) => void>();
  /** Statements under way that claim rows. */
  readonly #claiming = new Set<Promise<unknown>>();
  /** From the start: who ran before under this process's name perhaps ended before it knew what it had claimed. */
  #isInDoubt = true;
  #recovering: Promise<void> | undefined;
  #returning: Promise<void> | undefined;

  constructor(deps: {
    readonly store: BrokerStore;
    readonly log: Pick<EventLog, 'readPositions'>;
    readonly logger: Logger;
    readonly subscriptionId: number;
    readonly incarnation: string;
    /** Rows that were claimed and forgotten: they are held now and want to be tried. */
    readonly onFound: (rows: readonly ClaimedRetry[]) => void;
  }) {
    this.#onFound = deps.onFound;
    this.#store = deps.store;
    this.#log = deps.log;
    this.#logger = deps.logger;
    this.#subscriptionId = deps.subscriptionId;
    this.#incarnation = deps.incarnation;
  }

  /**
   * Up to `limit` due ones as deliveries whose attempt is counted, and when the next is due (null: none waits). Of partitions that have
   * an owner only those in `of`.
   */
  async take(
    limit: number,
    of: readonly PartitionRef[],
  ): Promise<{ readonly deliveries: readonly Delivery[]; readonly nextDueMs: number | null }> {
    await this.#returnLeft();
    await this.recover();
    const rows = await this.claiming(
      () => this.#store.claimDueRetries(this.#subscriptionId, this.#incarnation, { limit, of }),
      (claimed) => claimed,
    );
    const deliveries = await this.deliveriesOrDoubt(rows);
    if (rows.length === limit) return { deliveries, nextDueMs: 0 };
    return { deliveries, nextDueMs: await this.#nextDueMs(of) };
  }

  /** Runs a statement that claims rows; they are held when it resolves. When it rejects, it perhaps claimed some all the same. */
  async claiming<Result>(
    work: () => Promise<Result>,
    rowsOf: (result: Result) => readonly ClaimedRetry[],
  ): Promise<Result> {
    while (this.#recovering !== undefined) await this.#recovering.catch(() => undefined);
    const claimed = (async () => {
      const result = await work();
      for (const row of rowsOf(result)) this.#held.set(row.id, row);
      return result;
    })();
    this.#claiming.add(claimed);
    try {
      return await claimed;
    } catch (error) {
      if (!isEngineError(error, 'fenced')) this.#isInDoubt = true;
      throw error;
    } finally {
      this.#claiming.delete(claimed);
    }
  }

  /** Looks for rows that were claimed and forgotten, if there can be any, or waits for a look under way. What is claimed meanwhile waits too. */
  async recover(): Promise<void> {
    if (this.#recovering !== undefined) await this.#recovering;
    if (!this.#isInDoubt) return;
    this.#recovering ??= this.#findForgotten().finally(() => {
      this.#recovering = undefined;
    });
    await this.#recovering;
  }

  /** The row is settled, or not this process's any more. */
  letGo(row: ClaimedRetry | null): void {
    // It may be claimed again already, for the next attempt.
    if (row !== null && this.#held.get(row.id)?.attempt === row.attempt) this.#held.delete(row.id);
  }

  /**
   * Until it is ended: when a forgotten row of the same key turns up, the statement that settles this one, or that takes the next of its
   * key, was done although nobody was told, and `onFound` is called, once, before that row is handed out.
   */
  watchNextOf(row: ClaimedRetry, onFound: () => void): NextWatch {
    let isFound = false;
    const see = (other: ClaimedRetry): void => {
      if (isFound || other.id === row.id || !isOfSameKey(other, row)) return;
      isFound = true;
      onFound();
    };
    this.#watches.add(see);
    return {
      get isFound() {
        return isFound;
      },
      end: () => {
        this.#watches.delete(see);
      },
    };
  }

  /** As `deliveriesOf`; on an error the rows are looked for later, as if they were forgotten. */
  async deliveriesOrDoubt(rows: readonly ClaimedRetry[]): Promise<Delivery[]> {
    try {
      return await this.deliveriesOf(rows);
    } catch (error) {
      this.forget(rows);
      throw error;
    }
  }

  /** They are not in hand, for now, and are looked for later. */
  forget(rows: readonly ClaimedRetry[]): void {
    for (const row of rows) this.letGo(row);
    this.#isInDoubt = true;
  }

  /** Deliveries of rows this process has claimed. */
  async deliveriesOf(rows: readonly ClaimedRetry[]): Promise<Delivery[]> {
    if (rows.length === 0) return [];
    const records = await this.#recordsOf(rows);
    const missing = rows.filter((row) => !records.has(row.position));
    if (missing.length > 0) {
      // Retention dropped the event while it waited. Its row stays claimed and visible; nothing can be delivered.
      this.#logger.error(
        { positions: missing.map((row) => row.position) },
        'events that wait for a retry are no longer in the log',
      );
    }
    return rows.flatMap((row) => {
      const record = records.get(row.position);
      return record === undefined ? [] : [deliveryOf(row, record)];
    });
  }

  /** Gives claims back that were not tried. */
  release(rows: readonly ClaimedRetry[]): void {
    for (const row of rows) this.#unreturned.add(row.id);
    this.#returnAll().catch((error: unknown) =>
      this.#logger.warn({ err: error }, 'claimed retries could not be given back yet'),
    );
  }

  /** Claims that are to be given back and are not yet. */
  get returning(): number {
    return this.#unreturned.size;
  }

  /**
   * Resolves when all claims that were not tried are given back, also those that nobody knew of. What cannot be given back now is found by
   * whoever runs next under this process's name, or after its end.
   */
  async settle(): Promise<void> {
    try {
      await this.recover();
      await this.#returnAll();
    } catch (error) {
      this.#logger.warn({ err: error }, 'claimed retries could not be given back');
    }
  }

  /** Also those that came while others were given back. */
  async #returnAll(): Promise<void> {
    while (this.#unreturned.size > 0) await this.#returnLeft();
  }

  /** One at a time: the later of two might take a row from whoever has claimed it since. */
  #returnLeft(): Promise<void> {
    if (this.#unreturned.size === 0) return Promise.resolve();
    this.#returning ??= this.#returnOnce().finally(() => {
      this.#returning = undefined;
    });
    return this.#returning;
  }

  async #returnOnce(): Promise<void> {
    const ids = [...this.#unreturned];
    await this.#store.releaseRetries(ids, this.#incarnation);
    for (const id of ids) {
      this.#unreturned.delete(id);
      this.#held.delete(id);
    }
  }

  async #findForgotten(): Promise<void> {
    await Promise.allSettled(this.#claiming);
    this.#isInDoubt = false;
    try {
      const held = [...this.#held.keys()];
      const rows = await this.#store.selectForgottenRetries(
        this.#subscriptionId,
        this.#incarnation,
        held,
      );
      for (const row of rows) {
        this.#held.set(row.id, row);
        for (const see of this.#watches) see(row);
      }
      if (rows.length > 0) this.#onFound(rows);
    } catch (error) {
      this.#isInDoubt = true;
      throw error;
    }
  }

  // A failure here must not lose the claims that were made: the timer of the backstop asks again.
  async #nextDueMs(of: readonly PartitionRef[]): Promise<number | null> {
    try {
      return await this.#store.selectNextDueMs(this.#subscriptionId, this.#incarnation, of);
    } catch {
      return 1_000;
    }
  }

  async #recordsOf(rows: readonly ClaimedRetry[]): Promise<Map<number, LogRecord>> {
    const positions = [...new Set(rows.map((row) => row.position))].toSorted((a, b) => a - b);
    const found = new Map<number, LogRecord>();
    for (const record of await this.#log.readPositions(positions))
      found.set(record.position, record);
    const ids = rows.flatMap((row) =>
      row.deadLetterId === null || found.has(row.position) ? [] : [row.deadLetterId],
    );
    if (ids.length === 0) return found;
    const topicOf = new Map(rows.map((row) => [row.position, row.topicId]));
    for (const letter of await this.#store.selectLetterEvents(ids)) {
      const event = storedEventSchema.parse(JSON.parse(letter.event));
      const record = recordOfStoredEvent(event, topicOf.get(event.position) ?? 0);
      found.set(record.position, record);
    }
    return found;
  }
}

const isOfSameKey = (one: ClaimedRetry, other: ClaimedRetry): boolean =>
  one.kind === 'delivery' && isSamePartition(one, other) && one.key === other.key;

function deliveryOf(row: ClaimedRetry, record: LogRecord): Delivery {
  return {
    record,
    lease: null,
    kind: row.kind,
    attempt: row.attempt,
    operationId: row.operationId,
    dataText: row.data,
    careful: false,
    retry: row,
  };
}
