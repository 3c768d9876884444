import { type Operation } from '#contracts/operation.ts';

/** Of the operations that wait for one client, as JSON. The oldest give way: a list of operations shows where they stand. */
export const MAX_WAITING_LENGTH = 32 * 1_024;

/** The newest state of each operation that a client has not taken yet. */
export class WaitingOperations {
  readonly #waiting = new Map<string, { readonly operation: Operation; readonly length: number }>();
  #length = 0;

  put(operation: Operation): void {
    this.#remove(operation.id);
    const { length } = JSON.stringify(operation);
    this.#waiting.set(operation.id, { operation, length });
    this.#length += length;
    for (const id of this.#waiting.keys()) {
      // The newest is kept, however large: it is one.
      if (this.#length <= MAX_WAITING_LENGTH || this.#waiting.size === 1) return;
      this.#remove(id);
    }
  }

  /** The one that waits longest, or null. */
  take(): Operation | null {
    const [first] = this.#waiting.values();
    if (first === undefined) return null;
    this.#remove(first.operation.id);
    return first.operation;
  }

  #remove(id: string): void {
    this.#length -= this.#waiting.get(id)?.length ?? 0;
    this.#waiting.delete(id);
  }
}
