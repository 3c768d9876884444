import { type BrokerStore } from './broker-store.ts';
import { type ReplayQueue } from './replay-queue.ts';

/** More than this are looked at the next time. */
const MAX_AT_ONCE = 500;

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
