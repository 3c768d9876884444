import { type PartitionRef } from '#server/storage/partition-ref.ts';
import { type ClaimedRetry } from '#server/storage/retry-rows.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Delivery, type Lease } from './delivery.ts';
import { type Queue } from './queue.ts';

/** What one process is to have of one subscription. */
export type Assignment = {
  /** To be taken when they can be had. */
  readonly mine: readonly PartitionRef[];
  /** Whether one that is held is to be handed over. */
  mustGive(held: PartitionRef): boolean;
};

/** What a runner has in hand of a partition besides what its intake has. */
export type InHand = {
  /** Gives back retries of the partition that were claimed and not begun. */
  giveBack(partition: PartitionRef): void;
  /** Whether retries of the partition are claimed or given back in this moment. */
  isMoving(partition: PartitionRef): boolean;
  /** As `isMoving`, or whether anything of the partition is under way. */
  holds(partition: PartitionRef): boolean;
};

/** Where a subscription stands in one partition. */
type PartitionStand = {
  readonly topicId: number;
  readonly partition: number;
  /** Next offset to be handled, as it is stored. */
  readonly stored: number;
  readonly progress: { readonly watermark: number };
  /** The next event was dropped by retention. */
  readonly outOfRange: boolean;
};

/** Takes events from the log for one subscription and holds those that may be handed out. Knows which are done. */
export type DeliveryIntake = {
  readonly ready: Queue<Delivery>;
  readonly partitions: ReadonlyMap<number, PartitionStand>;
  /** Whether a fetch may bring something. */
  readonly canFetch: boolean;
  /** Worth a read: half of what may be in hand is done. */
  readonly isHalfEmpty: boolean;
  /** Look again, whatever was thought. */
  recheck(): void;
  /** A new event of the log. True when it is this subscription's partition. */
  offer(record: LogRecord): boolean;
  /** Takes up to about `demand` events. */
  fetch(demand: number): Promise<void>;
  /** The delivery is handled, or a letter. */
  release(delivery: Delivery): void;
  /** The delivery failed and will be retried from its row: here it is done. */
  setAside(delivery: Delivery): void;
  /** A key's front is settled from its row and nothing parked follows it. */
  freeLane(delivery: Delivery): void;
  /** A parked event was taken as the new front of its key. */
  unparked(delivery: Delivery): void;
  /** The event is to be parked, and it is not known yet that it is: a write that comes late would park it again. */
  awaitsParking(row: ClaimedRetry): boolean;
  /** Events that are parked behind the delivery's key, or are about to be. */
  parkedBehind(delivery: Delivery): number;
  /** Forgets everything in hand. */
  clear(): void;
};

/** What earlier owners left in the middle. */
export type Takeover = {
  /** Partitions were taken: of one that this process had before, some retries may still be claimed in its name. */
  readonly hasTaken: boolean;
  /** Attempts that were begun by a process that is gone; claimed now. */
  readonly orphans: readonly ClaimedRetry[];
  /** Replays that are being retried. */
  readonly replays: readonly { readonly operationId: string; readonly position: number }[];
};

/** Where first attempts come from, and how it is recorded how far they are: partitions in order, or claims of ranges. */
export type DeliverySource = {
  readonly intake: DeliveryIntake;
  /** Takes what can be had now, and nothing that retries in hand belong to: what becomes of them would be missed. */
  take(inHand: InHand): Promise<Takeover>;
  /** Begins to give away what others are to have; nothing of it is taken any more. */
  handOver(inHand: InHand): void;
  /** Partitions whose retries may be tried here: those it has and does not give away. Empty where nobody owns one. */
  readonly open: readonly PartitionRef[];
  /** From time to time, before `take`: whether that may bring something, since others may have died. */
  wantsTake(): boolean;
  /** Somebody else has it: whatever is in hand of it is not counted any more. */
  lose(lease: Lease): void;
  /** Stores how far everything is. */
  flush(): Promise<void>;
  /** As `flush`, for good: whoever goes on delivers nothing again that is done. */
  conclude(): Promise<void>;
  /** Forgets what is not stored. */
  drop(): void;
  /** Gives back what is held; nothing of it is in flight. */
  release(): Promise<void>;
  /**
   * From time to time while nothing is handed out here, and when a stop begins: what others could deliver need not lie here. At a stop it
   * does not reject: what it misses is released at the end, or taken over.
   */
  releaseUnused(isStopping: boolean): Promise<void>;
};
