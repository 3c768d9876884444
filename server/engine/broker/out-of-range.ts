import { type Clock } from '../clock.ts';
import { type Topics } from '../engine-parts.ts';
import { systemRow } from '../system/system-events.ts';
import { type BrokerStore } from './broker-store.ts';

/** A partition in which the event a subscription wants next was dropped by retention. */
export type OutOfRange = {
  readonly topicId: number;
  readonly partition: number;
  /** The offset that is wanted. */
  readonly offset: number;
  /** The first one that is left. */
  readonly low: number;
};

/** Stores that the partition stands still and why, with the fact on `$system`; once, until it goes on. True when it was news. */
export async function noteOutOfRange(
  deps: {
    readonly store: BrokerStore;
    readonly topics: Pick<Topics, 'findById'>;
    readonly clock: Clock;
  },
  subscription: { readonly id: number; readonly name: string; readonly mode: 'stream' | 'queue' },
  place: OutOfRange,
): Promise<boolean> {
  const { topicId, partition, offset, low } = place;
  const topic = deps.topics.findById(topicId)?.name ?? `#${topicId}`;
  const data = { topic, partition, offset, lowOffset: low, actor: 'weir' };
  const fact = {
    type: 'weir.subscription.out-of-range',
    subject: subscription.name,
    data,
  } as const;
  return deps.store.transaction(async (tx) => {
    const isNews = await tx.markOutOfRange(subscription, place);
    if (isNews) await tx.insertOutbox([systemRow(fact, deps.clock.now())]);
    return isNews;
  });
}
