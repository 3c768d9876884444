import { storedEventSchema } from '#contracts/event.ts';

import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord, recordOfStoredEvent } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type Delivery } from './delivery.ts';

/** Takes due retries of one subscription and finds the events they are about. */
export class RetryClaims {
  readonly #store: BrokerStore;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #subscriptionId: number;
  readonly #incarnation: string;
  /** Claimed, not handed out, and not given back because the database was away. */
  readonly #unreturned = new Set<number>();

  constructor(deps: {
    readonly store: BrokerStore;
    readonly log: EventLog;
    readonly logger: Logger;
    readonly subscriptionId: number;
    readonly incarnation: string;
  }) {
    this.#store = deps.store;
    this.#log = deps.log;
    this.#logger = deps.logger;
    this.#subscriptionId = deps.subscriptionId;
    this.#incarnation = deps.incarnation;
  }

  /**
   * Up to `limit` due ones as deliveries whose attempt is counted, and when the next is due (null: none waits). Those of partitions that
   * are being given up are left to whoever takes them.
   */
  async take(
    limit: number,
    except: readonly { readonly topicId: number; readonly partition: number }[] = [],
  ): Promise<{ readonly deliveries: readonly Delivery[]; readonly nextDueMs: number | null }> {
    await this.#returnLeft();
    const taking = { limit, except };
    const rows = await this.#store.claimDueRetries(this.#subscriptionId, this.#incarnation, taking);
    const deliveries = await this.deliveriesOf(rows);
    if (rows.length === limit) return { deliveries, nextDueMs: 0 };
    return { deliveries, nextDueMs: await this.#nextDueMs(except) };
  }

  /** Deliveries of rows this process has claimed; on an error the claims are given back. */
  async deliveriesOf(rows: readonly ClaimedRetry[]): Promise<Delivery[]> {
    if (rows.length === 0) return [];
    try {
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
    } catch (error) {
      this.release(rows);
      throw error;
    }
  }

  /** Gives claims back that were not tried. */
  release(rows: readonly ClaimedRetry[]): void {
    for (const row of rows) this.#unreturned.add(row.id);
    this.#returnLeft().catch((error: unknown) =>
      this.#logger.warn({ err: error }, 'claimed retries could not be given back yet'),
    );
  }

  /** Claims that are to be given back and are not yet. */
  get returning(): number {
    return this.#unreturned.size;
  }

  /** Resolves when all claims that were not tried are given back. */
  async settle(): Promise<void> {
    await this.#returnLeft();
  }

  async #returnLeft(): Promise<void> {
    if (this.#unreturned.size === 0) return;
    const ids = [...this.#unreturned];
    await this.#store.releaseRetries(ids, this.#incarnation);
    for (const id of ids) this.#unreturned.delete(id);
  }

  // A failure here must not lose the claims that were made: the timer of the backstop asks again.
  async #nextDueMs(
    except: readonly { readonly topicId: number; readonly partition: number }[],
  ): Promise<number | null> {
    try {
      return await this.#store.selectNextDueMs(this.#subscriptionId, this.#incarnation, except);
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
