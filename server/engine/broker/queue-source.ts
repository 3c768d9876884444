import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { ClaimCommits } from './claim-commits.ts';
import { ClaimIntake } from './claim-intake.ts';
import { type Lease } from './delivery.ts';
import { type DeliverySource } from './delivery-source.ts';
import { type IntakeRules } from './intake.ts';
import { type OutOfRange } from './out-of-range.ts';
import { takeOverRetries } from './partition-takeover.ts';

/** Mode `queue`: consumers of all processes compete for ranges; progress is a row per range in flight. */
export function createQueueSource(
  rules: IntakeRules,
  deps: {
    readonly store: BrokerStore;
    readonly owner: Owner;
    readonly logger: Logger;
    readonly log: EventLog;
    readonly clock: Clock;
    readonly head: (topicId: number, partition: number) => number;
    readonly onLost: (lease: Lease) => void;
    readonly onOutOfRange: (place: OutOfRange) => void;
    readonly onReleased: () => void;
  },
): DeliverySource {
  const { store, owner } = deps;
  const id = rules.subscriptionId;
  const commits = new ClaimCommits({
    ...deps,
    onGone: (claim) => intake.complete(claim),
  });
  const intake = new ClaimIntake(rules, { ...deps, commits });
  return {
    intake,
    take: async () => {
      await intake.look();
      return takeOverRetries(store, owner, id);
    },
    handOver: () => undefined,
    open: [],
    // Any process may finish what another one left.
    wantsTake: () => true,
    lose: (lease) => intake.lose(lease),
    flush: () => commits.flush(),
    // A claim says at each commit which of it are done.
    conclude: () => commits.flush(),
    drop: () => commits.drop(),
    release: () => store.releaseClaims(id, owner, null),
    releaseUnused: async (isStopping) => {
      const unused = intake.takeUnused(isStopping);
      if (unused.claims.length === 0) return;
      try {
        await commits.flush();
        const ids = unused.claims.map((claim) => claim.claimId);
        await store.releaseClaims(id, owner, ids);
      } catch (error) {
        for (const delivery of unused.deliveries) intake.ready.putBack(delivery);
        if (!isStopping) throw error;
        deps.logger.warn({ err: error, subscriptionId: id }, 'claims are not given back yet');
        return;
      }
      for (const claim of unused.claims) intake.lose(claim);
      deps.onReleased();
    },
  };
}
