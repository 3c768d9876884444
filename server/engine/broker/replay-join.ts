import { type BrokerStore } from './broker-store.ts';
import { type ReplayQueue } from './replay-queue.ts';

/** More than this are looked at the next time. */
const MAX_AT_ONCE = 500;
/** Operations that are known; an older one is only asked about again. */
const MAX_JOINED = 1_000;

/**
 * A replay that stands in retries may be settled by another process, which had it when the operation was paused or moved: whoever waits
 * for it here learns how it ended from what is stored.
 */
export async function settleReplaysElsewhere(
  store: BrokerStore,
  subscriptionId: number,
  replays: ReplayQueue,
): Promise<void> {
  const awaited = replays.awaited.slice(0, MAX_AT_ONCE);
  if (awaited.length === 0) return;
  const left = await store.selectRetryingReplays(subscriptionId);
  const isLeft = new Set(left.map(({ operationId, position }) => `${operationId}:${position}`));
  for (const { operationId, position } of awaited) {
    if (isLeft.has(`${operationId}:${position}`)) continue;
    const letters = await store.selectLettersOfPosition(position);
    const isDead = letters.some(
      (letter) => letter.subscriptionId === subscriptionId && letter.status === 'open',
    );
    replays.settledElsewhere(operationId, position, isDead ? 'dead' : 'acknowledged');
  }
}

/** Holds the replays of an operation back until what another process left of it in retries is known here, and keeps their order. */
export class ReplayJoins {
  readonly #joined = new Set<string>();
  readonly #waiting = new Map<string, Held[]>();

  /** Runs `work` at once, or after `look` and in the order of the calls. Rejects as either does. */
  enter<Result>(
    operationId: string,
    look: () => Promise<void>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#joined.has(operationId)) return work();
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const held = { begin: () => resolve(work()), fail: reject };
    const waiting = this.#waiting.get(operationId);
    if (waiting !== undefined) waiting.push(held);
    else {
      this.#waiting.set(operationId, [held]);
      look().then(
        () => this.#begin(operationId),
        (error: unknown) => {
          for (const each of this.#release(operationId)) each.fail(error);
        },
      );
    }
    return promise;
  }

  // All that waited goes before whatever is replayed next.
  #begin(operationId: string): void {
    for (const each of this.#release(operationId)) each.begin();
    this.#joined.add(operationId);
    for (const oldest of this.#joined) {
      if (this.#joined.size <= MAX_JOINED) return;
      this.#joined.delete(oldest);
    }
  }

  #release(operationId: string): readonly Held[] {
    const held = this.#waiting.get(operationId) ?? [];
    this.#waiting.delete(operationId);
    return held;
  }
}

type Held = { readonly begin: () => void; readonly fail: (error: unknown) => void };
