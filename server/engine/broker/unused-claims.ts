import { type ClaimedRange } from './claimed-range.ts';
import { type Delivery } from './delivery.ts';
import { type Queue } from './queue.ts';

/** While nothing is handed out here, claims that nothing was taken of for so many looks are given back. */
const IDLE_LOOKS = 2;

/** Claims of which nothing is in flight, with their deliveries, which are no longer handed out. */
export type UnusedClaims = {
  readonly claims: readonly ClaimedRange[];
  readonly deliveries: readonly Delivery[];
};

/** Those that are to be given back: at a stop at once, else when nothing of them was in flight for a while. */
export function takeUnusedClaims(
  all: Iterable<ClaimedRange>,
  ready: Queue<Delivery>,
  isStopping: boolean,
): UnusedClaims {
  const waiting = Map.groupBy(ready.drain(), (delivery) => delivery.lease);
  const claims: ClaimedRange[] = [];
  const deliveries: Delivery[] = [];
  for (const claim of all) {
    const mine = waiting.get(claim) ?? [];
    const isStill = claim.isRead && mine.length + claim.waiting.length === claim.unfinished;
    claim.idleLooks = isStill && mine.length > 0 ? claim.idleLooks + 1 : 0;
    if (claim.idleLooks >= (isStopping ? 1 : IDLE_LOOKS)) {
      claims.push(claim);
      deliveries.push(...mine);
      waiting.delete(claim);
    }
  }
  for (const delivery of [...waiting.values()].flat()) ready.push(delivery);
  return { claims, deliveries };
}
