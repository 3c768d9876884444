// The oracle of every fault: given what the clients wrote down and what the log holds in the end, everything that must
// not be. It is pure, and it knows nothing about how the server works; its own tests plant each anomaly once.
import { type StoredEvent } from '#contracts/event.ts';
import { type Anomaly } from './anomaly.ts';
import { type ConsumerRecord, checkConsumer } from './check-consumer.ts';
import { checkCycles } from './check-cycles.ts';
import { checkLog } from './check-log.ts';
import { checkPolls } from './check-polls.ts';
import { checkPublishes } from './check-publishes.ts';
import { type JournalEntry } from './journal.ts';

export type History = {
  readonly entries: readonly JournalEntry[];
  /** Every event of every topic, in the order the server gives them. */
  readonly log: readonly StoredEvent[];
  readonly source: string;
  readonly consumers: readonly ConsumerRecord[];
};

/** What must not be; empty when all promises were kept. */
export function checkHistory({ entries, log, source, consumers }: History): readonly Anomaly[] {
  const produced = log.filter((event) => event.source === source);
  return [
    ...checkLog(log),
    ...checkPublishes(entries, produced),
    ...checkPolls(entries, produced),
    ...checkCycles(entries, produced),
    ...consumers.flatMap((consumer) => checkConsumer(consumer, entries, produced)),
  ];
}
