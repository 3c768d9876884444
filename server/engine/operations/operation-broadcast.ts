import { type Operation } from '#contracts/operation.ts';
import { type Clock } from '../clock.ts';

const AT_MOST_EVERY_MS = 250;

/** Tells listeners how operations go on: progress at most four times a second each, changes of state at once. */
export class OperationBroadcast {
  readonly #clock: Clock;
  readonly #view: (id: string) => Operation | null;
  readonly #listeners = new Set<(operation: Operation) => void>();
  /** Operations with progress to tell, until it is told. */
  readonly #pending = new Set<string>();
  #closed = new AbortController();

  constructor(clock: Clock, view: (id: string) => Operation | null) {
    this.#clock = clock;
    this.#view = view;
  }

  listen(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  now(operation: Operation): void {
    for (const listener of this.#listeners) listener(operation);
  }

  soon(id: string): void {
    if (this.#pending.has(id) || this.#listeners.size === 0) return;
    this.#pending.add(id);
    void this.#tell(id);
  }

  close(): void {
    this.#closed.abort();
    this.#closed = new AbortController();
  }

  async #tell(id: string): Promise<void> {
    const { signal } = this.#closed;
    await this.#clock.sleep(AT_MOST_EVERY_MS, signal);
    this.#pending.delete(id);
    const operation = signal.aborted ? null : this.#view(id);
    if (operation !== null) this.now(operation);
  }
}
