import { type SubscriptionSettings } from '#contracts/subscription.ts';
import { type Owner } from '#server/storage/partition-rows.ts';
import { type Clock, type Random } from '../clock.ts';
import { type Traffic } from '../flows/traffic.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type Logger } from '../logger.ts';
import { type BrokerStore } from './broker-store.ts';
import { type BreakerChange } from './circuit-breaker.ts';
import { type Assignment } from './delivery-source.ts';
import { type OutOfRange } from './out-of-range.ts';
import { type SettledLetter } from './redelivery.ts';
import { type Settlement } from './settlement.ts';

/** What a runner needs to know of its subscription. */
export type RunnerSubscription = {
  readonly id: number;
  readonly name: string;
  readonly settings: SubscriptionSettings;
  readonly handlerVersion: string | null;
  readonly matches: (record: LogRecord) => boolean;
};

/** What a runner uses; one set for all runners of a broker. */
export type RunnerDependencies = {
  readonly store: BrokerStore;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly owner: Owner;
  readonly settlement: Settlement;
  readonly head: (topicId: number, partition: number) => number;
  /** False while the other processes may think this one dead: nothing may be begun. */
  readonly isFresh: () => boolean;
  /** Which of the subscription's partitions this process is to have. */
  readonly assignment: () => Assignment;
  /** Others may take something of the subscription. */
  readonly onReleased: () => void;
  readonly onBreakerChange: (change: BreakerChange) => void;
  /** The next event of a partition was dropped by retention: it stands still. */
  readonly onOutOfRange: (place: OutOfRange) => void;
  readonly onLetterSettled: (letter: SettledLetter) => void;
};
