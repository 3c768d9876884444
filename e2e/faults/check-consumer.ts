import { type StoredEvent } from '#contracts/event.ts';
import { type Anomaly } from './anomaly.ts';
import { type JournalEntry, type Received } from './journal.ts';

export type ConsumerRecord = {
  /** Name of its journal. */
  readonly client: string;
  readonly topics: readonly string[];
  /** All when absent. */
  readonly types?: readonly string[];
  /** Ids of the events that are dead letters of this consumer in the end, whatever became of them then. */
  readonly dead: readonly string[];
};

type Seen = {
  readonly deliveries: readonly Received[];
  /** Events by what became of them. `open`: an acknowledgement whose outcome nobody knows. */
  readonly acknowledged: ReadonlySet<string>;
  readonly open: ReadonlySet<string>;
};

/**
 * Every event that was meant for the consumer came, and was acknowledged at least once or is a dead letter; nothing else
 * came; the first deliveries of a key are in the key's order.
 */
export function checkConsumer(
  consumer: ConsumerRecord,
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const meant = produced.filter(
    (event) =>
      consumer.topics.includes(event.topic) &&
      (consumer.types === undefined || consumer.types.includes(event.type)),
  );
  const seen = readSeen(entries.filter((entry) => entry.client === consumer.client));
  return [
    ...checkCompleteness(consumer, meant, seen),
    ...checkConservation(consumer, seen),
    ...checkStrays(consumer, meant, seen),
    ...checkOrder(consumer, seen.deliveries),
  ];
}

function readSeen(entries: readonly JournalEntry[]): Seen {
  const deliveries: Received[] = [];
  const eventOf = new Map<string, string>();
  const acknowledged = new Set<string>();
  const open = new Set<string>();
  const add = (set: Set<string>, deliveryIds: readonly string[]) => {
    for (const id of deliveryIds) {
      const event = eventOf.get(id);
      if (event !== undefined) set.add(event);
    }
  };
  for (const entry of entries) {
    if (entry.step === 'received') {
      deliveries.push(...entry.deliveries);
      for (const { deliveryId, eventId } of entry.deliveries) eventOf.set(deliveryId, eventId);
    }
    if (entry.step === 'settle.ok' && entry.verdict === 'ack')
      add(acknowledged, entry.acknowledged);
    if (entry.step === 'settle.unknown' && entry.verdict === 'ack') add(open, entry.deliveryIds);
  }
  return { deliveries, acknowledged, open };
}

function checkCompleteness(
  { client, dead }: ConsumerRecord,
  meant: readonly StoredEvent[],
  { deliveries, acknowledged, open }: Seen,
): readonly Anomaly[] {
  const received = new Set(deliveries.map((delivery) => delivery.eventId));
  const letters = new Set(dead);
  const anomalies: Anomaly[] = [];
  for (const { id, position } of meant) {
    if (acknowledged.has(id) || letters.has(id) || open.has(id)) continue;
    const detail = `${client}: ${id} at position ${position}`;
    anomalies.push({ kind: received.has(id) ? 'not-settled' : 'not-delivered', detail });
  }
  return anomalies;
}

/** An event is acknowledged or dead, once, and not both; only a redrive makes the one of the other. */
function checkConservation(
  { client, dead }: ConsumerRecord,
  { deliveries, acknowledged }: Seen,
): readonly Anomaly[] {
  const redriven = new Set(
    deliveries.filter(({ redrive }) => redrive !== null).map(({ eventId }) => eventId),
  );
  const letters = new Set<string>();
  const anomalies: Anomaly[] = [];
  for (const id of dead) {
    if (letters.has(id))
      anomalies.push({ kind: 'not-conserved', detail: `${client}: ${id} died twice` });
    letters.add(id);
    if (acknowledged.has(id) && !redriven.has(id))
      anomalies.push({
        kind: 'not-conserved',
        detail: `${client}: ${id} is dead though acknowledged`,
      });
  }
  return anomalies;
}

function checkStrays(
  { client, dead }: ConsumerRecord,
  meant: readonly StoredEvent[],
  { deliveries }: Seen,
): readonly Anomaly[] {
  const positions = new Map(meant.map((event) => [event.id, event.position]));
  const strays = deliveries.filter(({ eventId, position }) => positions.get(eventId) !== position);
  return [
    ...strays.map(({ eventId, position }) => `${eventId} at position ${position}`),
    ...dead.filter((id) => !positions.has(id)).map((id) => `${id} as a dead letter`),
  ].map((what) => ({ kind: 'delivered-though-not-meant', detail: `${client}: ${what}` }));
}

function checkOrder(
  { client }: ConsumerRecord,
  deliveries: readonly Received[],
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const seen = new Set<string>();
  const last = new Map<string, number>();
  for (const { eventId, key, sequence } of deliveries) {
    if (seen.has(eventId)) continue;
    seen.add(eventId);
    const before = last.get(key) ?? -1;
    if (sequence < before)
      anomalies.push({
        kind: 'delivery-order',
        detail: `${client}: ${eventId} came for the first time after ${key}-${before}`,
      });
    last.set(key, Math.max(before, sequence));
  }
  return anomalies;
}
