import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type DeliverySource } from './delivery-source.ts';
import { Intake, type IntakeRules } from './intake.ts';
import { OffsetCommits } from './offset-commits.ts';
import { type OwnedPartition } from './owned-partition.ts';
import { takeOver } from './partition-takeover.ts';

/** Mode `stream`: partitions in order, each with one owner; progress is an offset per partition. */
export function createStreamSource(
  rules: IntakeRules,
  deps: {
    readonly store: BrokerStore;
    readonly owner: Owner;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly log: EventLog;
    readonly head: (topicId: number, partition: number) => number;
    readonly onLost: (partition: OwnedPartition) => void;
    /** There may be room again. */
    readonly onRoom: () => void;
  },
): DeliverySource {
  const { store, owner, clock, logger, log, head } = deps;
  const id = rules.subscriptionId;
  let misses = false;
  const commits = new OffsetCommits({
    store,
    owner,
    subscriptionId: id,
    clock,
    logger,
    onLost: deps.onLost,
    onParked: () => {
      intake.recount();
      deps.onRoom();
    },
  });
  const intake = new Intake(rules, { log, head, commits });
  return {
    intake,
    take: async () => {
      const { maxInFlight } = rules.settings;
      const taken = await takeOver(store, owner, { id, maxInFlight }, intake);
      misses = false;
      return taken;
    },
    wantsTake: () => misses,
    lose: (lease) => {
      misses = true;
      intake.lose(lease);
    },
    flush: () => commits.flush(),
    drop: () => commits.drop(),
    release: () => store.releasePartitions(id, owner),
    releaseIdle: () => Promise.resolve(),
  };
}
