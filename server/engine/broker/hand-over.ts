import { type Clock } from '../clock.ts';
import { type Logger } from '../logger.ts';
import { type InHand } from './delivery-source.ts';
import { type Intake } from './intake.ts';
import { type OwnedPartition } from './owned-partition.ts';

/** What is in flight of a partition that is given up may take this long; then it is given up all the same. Handlers end within 15 s. */
const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 5;
const RELEASE_AGAIN_MS = 500;

type HandOverDependencies = {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Stores how far the partition is, and what is done beyond that. */
  readonly conclude: (partition: OwnedPartition) => Promise<void>;
  /** The row of the partition is free for others. */
  readonly release: (partition: OwnedPartition) => Promise<void>;
};

/**
 * Gives partitions to other processes without a delivery being made twice: nothing more is taken of it, what is in flight ends and its
 * outcome is stored, then its row is free. Whoever takes it finds nothing suspect, and finds what is done beyond the offset: an event that
 * waited behind its key is given on undone, those after it in the offset's order that were handled are not delivered again.
 */
export class HandOver {
  readonly #deps: HandOverDependencies;

  constructor(deps: HandOverDependencies) {
    this.#deps = deps;
  }

  begin(partition: OwnedPartition, inHand: InHand): void {
    if (partition.closing || partition.lost) return;
    this.#deps.intake.close(partition);
    void this.#give(partition, inHand);
  }

  async #give(partition: OwnedPartition, inHand: InHand): Promise<void> {
    const { clock, conclude, intake, logger, release } = this.#deps;
    const until = clock.monotonicMs() + WITHIN_MS;
    inHand.giveBack(partition);
    while (partition.admitted > 0 || inHand.holds(partition)) {
      if (partition.lost) return;
      if (clock.monotonicMs() > until) {
        logger.warn(
          { topicId: partition.topicId, partition: partition.partition },
          'a partition is handed over with deliveries in flight; they are made again elsewhere',
        );
        break;
      }
      await clock.sleep(LOOK_EVERY_MS);
      inHand.giveBack(partition);
    }
    while (!partition.lost) {
      try {
        await conclude(partition);
        if (partition.lost) return;
        await release(partition);
        intake.lose(partition);
      } catch (error) {
        logger.warn({ err: error }, 'a partition could not be handed over and is tried again');
        await clock.sleep(RELEASE_AGAIN_MS);
      }
    }
  }
}
