import { type Operation } from '#contracts/operation.ts';

/** Operations whose latest change is remembered; more are at work nowhere near. */
const MAX_REMEMBERED = 500;

/**
 * Keeps what is told of an operation in order: over the network a late word of progress may arrive after the end. The times
 * compared are the database's own, and change with the state alone.
 */
export class LatestOperations {
  readonly #changedAt = new Map<string, string>();

  /** False when something newer is known. */
  accept({ id, updatedAt }: Operation): boolean {
    const known = this.#changedAt.get(id);
    if (known !== undefined && known > updatedAt) return false;
    this.#changedAt.delete(id);
    this.#changedAt.set(id, updatedAt);
    const oldest = this.#changedAt.keys().next();
    if (this.#changedAt.size > MAX_REMEMBERED && !oldest.done) this.#changedAt.delete(oldest.value);
    return true;
  }
}
