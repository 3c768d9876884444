import { type LetterStatus } from '#contracts/dead-letter.ts';
import { type EventDelivery } from '#contracts/event.ts';

import { isSamePartition } from '#server/storage/partition-ref.ts';
import { type EventReader } from '../engine-parts.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LogRecord } from '../log/event-record.ts';
import { type BrokerStore } from './broker-store.ts';
import { partitionKey } from './owned-partition.ts';
import { type SubscriptionEntry } from './subscription-entry.ts';

type EventDeliveriesDependencies = {
  readonly store: BrokerStore;
  readonly log: EventLog;
  readonly reader: Pick<EventReader, 'get'>;
  readonly entries: () => readonly SubscriptionEntry[];
};

type Facts = {
  /** Its first attempt is behind it. */
  readonly isThrough: boolean;
  readonly retry: { readonly state: string; readonly dueAt: string | null } | undefined;
  readonly letter: { readonly id: string; readonly status: LetterStatus } | undefined;
};

/** How every subscription that hears an event stands to it, derived from offsets, retries and letters. */
export function createEventDeliveries(deps: EventDeliveriesDependencies) {
  const { store } = deps;
  return async (eventId: string): Promise<readonly EventDelivery[]> => {
    const { position } = await deps.reader.get(eventId);
    const [record] = await deps.log.readPositions([position]);
    if (record === undefined) return [];
    const [queues, attempts, retries, letters, partitions] = await Promise.all([
      store.selectQueuesThrough(record),
      store.selectAttempts([position], null),
      store.selectRetriesOfPosition(position),
      store.selectLettersOfPosition(position),
      store.selectPartitions(null),
    ]);
    return deps.entries().flatMap((entry) => {
      const isOfEntry = (row: { subscriptionId: number }) => row.subscriptionId === entry.row.id;
      const row = partitions.find((one) => isOfEntry(one) && isSamePartition(one, record));
      const facts = {
        isThrough:
          queues.includes(entry.row.id) ||
          record.offset < (ownCommitted(entry, record) ?? row?.committed ?? 0),
        retry: retries.find(isOfEntry),
        letter: letters.find(isOfEntry),
      };
      const tried = attempts.filter(isOfEntry);
      if (row === undefined || !entry.matches(record)) {
        if (tried.length === 0 && facts.letter === undefined) return [];
      }
      return [
        {
          subscription: entry.row.name,
          state: stateOf(facts),
          attempts: tried.map((one) => ({
            attempt: one.attempt,
            at: one.at,
            durationMs: one.durationMs,
            error: { class: one.errorClass, message: one.errorMessage, stack: one.stack },
            handlerVersion: one.handlerVersion,
          })),
          nextAttemptAt: facts.retry?.dueAt ?? null,
          deadLetterId: facts.letter?.id ?? null,
        },
      ];
    });
  };
}

function ownCommitted(entry: SubscriptionEntry, record: LogRecord): number | undefined {
  const key = partitionKey(record.topicId, record.partition);
  return entry.runner?.intake.partitions.get(key)?.progress.watermark;
}

function stateOf({ isThrough, retry, letter }: Facts): EventDelivery['state'] {
  if (retry !== undefined) return retry.state === 'parked' ? 'parked' : 'retrying';
  if (letter !== undefined) {
    if (letter.status === 'resolved' || letter.status === 'discarded') return letter.status;
    return letter.status === 'retrying' ? 'retrying' : 'dead';
  }
  return isThrough ? 'handled' : 'pending';
}
