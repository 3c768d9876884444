import { MAX_FRAME_BYTES } from '#contracts/live-feed.ts';

/** Of events that wait for one client, over all its subscriptions; beyond it frames are samples. */
export const MAX_PENDING_BYTES = 4 * MAX_FRAME_BYTES;
/** What one reading of the past adds at most, and below which another one is begun: both together stay within the bound. */
export const MAX_FILL_BYTES = MAX_PENDING_BYTES / 2;

export type PendingHolder = {
  readonly bytes: number;
  /** Whether `thin` makes it smaller in the end. */
  readonly canThin: boolean;
  thin(): void;
};

/**
 * What the batchers of one client hold together: MAX_PENDING_BYTES at most. When it is more, the one that holds most gives
 * way, whichever it was that grew: a busy subscription does not thin a quiet one.
 */
export class PendingBudget {
  readonly #holders = new Set<PendingHolder>();

  get bytes(): number {
    let bytes = 0;
    for (const holder of this.#holders) bytes += holder.bytes;
    return bytes;
  }

  join(holder: PendingHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: PendingHolder): void {
    this.#holders.delete(holder);
  }

  /** Thins until all of it fits. */
  makeRoom(): void {
    while (this.bytes > MAX_PENDING_BYTES) {
      const largest = this.#largest();
      if (largest === null) return;
      largest.thin();
    }
  }

  #largest(): PendingHolder | null {
    let largest: PendingHolder | null = null;
    for (const holder of this.#holders) {
      if (holder.canThin && holder.bytes > (largest?.bytes ?? 0)) largest = holder;
    }
    return largest;
  }
}
