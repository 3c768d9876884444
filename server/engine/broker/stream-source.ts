import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock } from '../clock.ts';
import { type EventLog } from '../log/event-log.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type Assignment, type DeliverySource } from './delivery-source.ts';
import { HandOver } from './hand-over.ts';
import { Intake, type IntakeRules } from './intake.ts';
import { OffsetCommits } from './offset-commits.ts';
import { type OutOfRange } from './out-of-range.ts';
import { type OwnedPartition } from './owned-partition.ts';
import { missingOf, takeOver } from './partition-takeover.ts';

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
    readonly assignment: () => Assignment;
    /** A partition is free for others. */
    readonly onReleased: () => void;
    readonly onOutOfRange: (place: OutOfRange) => void;
    /** There may be room again. */
    readonly onRoom: () => void;
  },
): DeliverySource {
  const { store, owner, log, head } = deps;
  const id = rules.subscriptionId;
  const { maxInFlight } = rules.settings;
  // Who tried to begin before, in this process, perhaps took some and was not told.
  let isInDoubt = true;
  const commits = new OffsetCommits({
    ...deps,
    subscriptionId: id,
    onParked: () => {
      intake.recount();
      deps.onRoom();
    },
  });
  const intake = new Intake(rules, { log, head, commits, onOutOfRange: deps.onOutOfRange });
  const handOver = new HandOver({
    ...deps,
    intake,
    conclude: (partition) => commits.conclude([partition]),
    release: async (partition) => {
      await store.releasePartition(id, owner, partition);
      deps.onReleased();
    },
  });
  return {
    intake,
    take: async (inHand) => {
      const wanted = { id, maxInFlight, mine: deps.assignment().mine, isInDoubt, inHand };
      isInDoubt = true;
      const taken = await takeOver(store, owner, wanted, intake);
      isInDoubt = false;
      return taken;
    },
    wantsTake: () => isInDoubt || missingOf(deps.assignment().mine, intake).length > 0,
    handOver: (inHand) => {
      const assignment = deps.assignment();
      for (const partition of intake.partitions.values())
        if (assignment.mustGive(partition)) handOver.begin(partition, inHand);
    },
    get open() {
      return intake.open;
    },
    lose: (lease) => intake.lose(lease),
    flush: () => commits.flush(),
    conclude: () => commits.conclude(intake.partitions.values()),
    drop: () => commits.drop(),
    release: async () => {
      await store.releasePartitions(id, owner);
      deps.onReleased();
    },
    releaseUnused: () => Promise.resolve(),
  };
}
