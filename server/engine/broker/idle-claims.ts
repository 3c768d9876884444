import { type ClaimedRange } from './claimed-range.ts';
import { type Delivery } from './delivery.ts';
import { type Queue } from './queue.ts';

/** Claims that nothing was taken of for so many looks are given back. */
const IDLE_LOOKS = 2;

/** Claims of which nothing is in flight and nothing was for a while, with their deliveries, which are no longer handed out. */
export function takeIdleClaims(
  all: Iterable<ClaimedRange>,
  ready: Queue<Delivery>,
): { readonly claims: ClaimedRange[]; readonly deliveries: Delivery[] } {
  const waiting = Map.groupBy(ready.drain(), (delivery) => delivery.lease);
  const claims: ClaimedRange[] = [];
  const deliveries: Delivery[] = [];
  for (const claim of all) {
    const mine = waiting.get(claim) ?? [];
    const isStill = claim.isRead && mine.length + claim.waiting.length === claim.unfinished;
    claim.idleLooks = isStill && mine.length > 0 ? claim.idleLooks + 1 : 0;
    if (claim.idleLooks >= IDLE_LOOKS) {
      claims.push(claim);
      deliveries.push(...mine);
      waiting.delete(claim);
    }
  }
  for (const delivery of [...waiting.values()].flat()) ready.push(delivery);
  return { claims, deliveries };
}
