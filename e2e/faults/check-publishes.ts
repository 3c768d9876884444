import { type PublishReceipt, type StoredEvent } from '#contracts/event.ts';
import { type Anomaly } from './anomaly.ts';
import { type JournalEntry, type Produced } from './journal.ts';

type Outcomes = {
  readonly invoked: Map<string, Produced>;
  readonly acknowledged: PublishReceipt[];
  /** Refused, and never accepted or left open. */
  readonly refused: Set<string>;
};

/**
 * Acknowledged: in the log exactly once, where the answer said. Unknown: at most once. Refused: not at all. Nothing that
 * nobody sent, and the events of a key without a hole in the order they were sent.
 */
export function checkPublishes(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const outcomes = readOutcomes(entries);
  const stored = Map.groupBy(produced, (event) => event.id);
  return [
    ...outcomes.acknowledged.flatMap((receipt) => checkReceipt(receipt, stored.get(receipt.id))),
    ...[...stored].flatMap(([id, events]) => checkStored(id, events, outcomes)),
    ...checkKeys(produced, outcomes.invoked),
  ];
}

function readOutcomes(entries: readonly JournalEntry[]): Outcomes {
  const requests = new Map<string, readonly Produced[]>();
  const invoked = new Map<string, Produced>();
  const acknowledged: PublishReceipt[] = [];
  const settled = new Map<string, 'possible' | 'refused'>();
  const note = (request: string, outcome: 'possible' | 'refused') => {
    for (const { id } of requests.get(request) ?? [])
      if (settled.get(id) !== 'possible') settled.set(id, outcome);
  };
  for (const entry of entries) {
    if (entry.step === 'publish.invoke') {
      requests.set(entry.request, entry.events);
      for (const event of entry.events) invoked.set(event.id, event);
    }
    if (entry.step === 'publish.ok') {
      acknowledged.push(...entry.receipts);
      note(entry.request, 'possible');
    }
    if (entry.step === 'publish.unknown') note(entry.request, 'possible');
    if (entry.step === 'publish.fail') note(entry.request, 'refused');
  }
  const refused = [...settled].filter(([, outcome]) => outcome === 'refused').map(([id]) => id);
  return { invoked, acknowledged, refused: new Set(refused) };
}

function checkReceipt(
  receipt: PublishReceipt,
  stored: readonly StoredEvent[] | undefined,
): readonly Anomaly[] {
  const told = placeOf(receipt);
  if (stored === undefined)
    return [{ kind: 'acknowledged-but-lost', detail: `${receipt.id}, told to be at ${told}` }];
  if (stored.some((event) => placeOf(event) === told)) return [];
  const places = stored.map(placeOf).join(' and ');
  return [
    { kind: 'acknowledged-elsewhere', detail: `${receipt.id}: told ${told}, lies at ${places}` },
  ];
}

function checkStored(
  id: string,
  stored: readonly StoredEvent[],
  { invoked, refused }: Outcomes,
): readonly Anomaly[] {
  const places = stored.map(placeOf).join(' and ');
  const anomalies: Anomaly[] = [];
  if (stored.length > 1) anomalies.push({ kind: 'stored-twice', detail: `${id} at ${places}` });
  if (!invoked.has(id)) anomalies.push({ kind: 'never-published', detail: `${id} at ${places}` });
  if (refused.has(id))
    anomalies.push({ kind: 'stored-though-refused', detail: `${id} at ${places}` });
  return anomalies;
}

function checkKeys(
  produced: readonly StoredEvent[],
  invoked: ReadonlyMap<string, Produced>,
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const keys = new Map<string, { next: number; readonly partition: number }>();
  for (const event of produced) {
    const sent = invoked.get(event.id);
    if (sent === undefined) continue;
    const key = keys.get(sent.key) ?? { next: 0, partition: event.partition };
    keys.set(sent.key, key);
    const at = `${event.id} at ${placeOf(event)}`;
    if (event.partition !== key.partition)
      anomalies.push({ kind: 'key-moved', detail: `${at}; before in ${key.partition}` });
    if (sent.sequence < key.next)
      anomalies.push({ kind: 'key-order', detail: `${at}; ${key.next - 1} came before` });
    if (sent.sequence > key.next)
      anomalies.push({ kind: 'key-gap', detail: `${at}; ${key.next} was awaited` });
    key.next = Math.max(key.next, sent.sequence + 1);
  }
  return anomalies;
}

function placeOf({ topic, partition, offset, position }: PublishReceipt | StoredEvent): string {
  return `${topic}/${partition}@${offset}#${position}`;
}
