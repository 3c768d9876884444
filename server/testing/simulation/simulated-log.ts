import { type PublishReceipt } from '#contracts/event.ts';
import {
  type AppendRequest,
  type EventLog,
  type PartitionCursor,
} from '#server/engine/log/event-log.ts';
import { type LogRecord } from '#server/engine/log/event-record.ts';
import { type MemoryLog } from './memory-log.ts';
import { type SimulatedLife } from './simulated-life.ts';
import { type SimulatedNetwork } from './simulated-network.ts';

const BACKSTOP_MS = 1_000;

/** The log as one process sees it: its own appends at once, those of others when it is told or looks itself. */
export class SimulatedLog implements EventLog {
  readonly #log: MemoryLog;
  readonly #network: SimulatedNetwork;
  readonly #listeners = new Set<(tail: number) => void>();
  readonly #onAppended: () => void;
  readonly #spoilRead: (records: readonly LogRecord[]) => readonly LogRecord[];
  #tail: number;

  constructor(
    log: MemoryLog,
    parts: {
      readonly network: SimulatedNetwork;
      readonly life: SimulatedLife;
      readonly onAppended: () => void;
      /** What a mutant does to what is read of partitions. */
      readonly spoilRead?: ((records: readonly LogRecord[]) => readonly LogRecord[]) | undefined;
    },
  ) {
    this.#log = log;
    this.#network = parts.network;
    this.#onAppended = parts.onAppended;
    this.#spoilRead = parts.spoilRead ?? ((records) => records);
    this.#tail = log.tail;
    const look = (): void => {
      this.#network
        .call(async () => this.#log.tail)
        .then(
          (tail) => this.hear(tail),
          () => undefined,
        );
      parts.life.after(BACKSTOP_MS, look);
    };
    parts.life.after(BACKSTOP_MS, look);
  }

  /** Told by somebody that the log reaches so far; may come twice, late, or never. */
  hear(tail: number): void {
    if (tail > this.#tail) this.#tail = tail;
    for (const listener of this.#listeners) listener(this.#tail);
  }

  async append(request: AppendRequest): Promise<PublishReceipt[]> {
    const receipts = await this.#network.call(async () => {
      const stored = this.#log.append(request);
      this.#onAppended();
      return stored;
    });
    this.hear(Math.max(...receipts.map((receipt) => receipt.position)));
    return receipts;
  }

  tailPosition(): number {
    return this.#tail;
  }

  onTail(listener: (tailPosition: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Nothing is dropped in a simulation. */
  lowOffset(): number {
    return 0;
  }

  refreshLowOffsets(): Promise<void> {
    return Promise.resolve();
  }

  readAfter(position: number, limit: number): Promise<readonly LogRecord[]> {
    return this.#network.call(async () => this.#log.after(position, limit));
  }

  readPartitions(
    cursors: readonly PartitionCursor[],
    limit: number,
  ): Promise<readonly LogRecord[]> {
    return this.#network.call(async () => this.#spoilRead(this.#log.ofPartitions(cursors, limit)));
  }

  readPositions(positions: readonly number[]): Promise<readonly LogRecord[]> {
    return this.#network.call(async () => this.#log.at(positions));
  }
}
