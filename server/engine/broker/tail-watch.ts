import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type Service } from '../service.ts';
import { type BrokerStore } from './broker-store.ts';
import { partitionKey } from './owned-partition.ts';

const READ_LIMIT = 1_000;
const RETRY_MS = 500;

/**
 * Follows the tail once for all subscriptions: knows the head of every partition without asking the database, and hands each new
 * event to those who listen to its partition. A listener that has no room reads it later by itself.
 */
export class TailWatch implements Service {
  readonly name = 'tail watch';
  readonly #store: BrokerStore;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onRecord: (record: LogRecord) => void;
  readonly #onBatch: () => void;
  readonly #heads = new Map<number, number>();
  #position = 0;
  #stopTail: (() => void) | undefined;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(deps: {
    readonly store: BrokerStore;
    readonly log: EventLog;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly onRecord: (record: LogRecord) => void;
    /** After a run of records. */
    readonly onBatch: () => void;
  }) {
    this.#store = deps.store;
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#onRecord = deps.onRecord;
    this.#onBatch = deps.onBatch;
  }

  /** Next offset to be written. */
  head(topicId: number, partition: number): number {
    const known = this.#heads.get(partitionKey(topicId, partition)) ?? 0;
    return Math.max(known, this.#log.lowOffset(topicId, partition));
  }

  /** All events up to here are counted in the heads. */
  get position(): number {
    return this.#position;
  }

  /** Resolves when everything that is in the log now is counted. */
  async catchUp(): Promise<void> {
    const tail = this.#log.tailPosition();
    while (this.#position < tail && this.#stopTail !== undefined) {
      this.#wake();
      await this.#reading;
    }
  }

  async start(): Promise<void> {
    this.#position = this.#log.tailPosition();
    for (const head of await this.#store.selectHeads()) {
      this.#heads.set(partitionKey(head.topicId, head.partition), head.next);
    }
    this.#stopTail = this.#log.onTail(() => this.#wake());
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopTail?.();
    this.#stopTail = undefined;
    await this.#reading;
  }

  #wake(): void {
    if (this.#reading !== undefined) {
      this.#again = true;
      return;
    }
    this.#reading = this.#read()
      .catch((error: unknown) => {
        this.#logger.warn({ err: error }, 'the tail could not be read and is read again');
        this.#clock.after(RETRY_MS, () => this.#wake());
      })
      .finally(() => {
        this.#reading = undefined;
        if (this.#again && this.#stopTail !== undefined) this.#wake();
      });
  }

  async #read(): Promise<void> {
    this.#again = false;
    while (this.#stopTail !== undefined && this.#position < this.#log.tailPosition()) {
      const tail = this.#log.tailPosition();
      const records = await this.#log.readAfter(this.#position, READ_LIMIT);
      if (records.length === 0) {
        // Nothing up to here was left by retention; what came since is read next.
        this.#position = tail;
        continue;
      }
      for (const record of records) {
        this.#heads.set(partitionKey(record.topicId, record.partition), record.offset + 1);
        this.#onRecord(record);
        this.#position = record.position;
      }
      this.#onBatch();
    }
  }
}
