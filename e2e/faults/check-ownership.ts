import { z } from 'zod';
import { type Anomaly } from './anomaly.ts';
import { type JournalEntry } from './journal.ts';

/** A server that did not run for a while: nothing it had handed out counts as in flight from then on. */
export type Outage = { readonly client: string; readonly fromMs: number; readonly toMs: number };

export type Ownership = {
  /** Of the consumers of one subscription, each at a server of its own. */
  readonly entries: readonly JournalEntry[];
  readonly outages: readonly Outage[];
};

type Window = {
  readonly client: string;
  readonly eventId: string;
  readonly partition: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/**
 * No partition is in flight at two servers at once. A delivery is in flight from the moment its consumer has it until the consumer begins to
 * settle it, which is less than what the server knows: what overlaps here did overlap.
 */
export function checkOwnership(ownership: Ownership): readonly Anomaly[] {
  const byPartition = Map.groupBy(windowsOf(ownership), ({ partition }) => partition);
  return [
    ...[...byPartition.values()].flatMap(checkOverlaps),
    ...ownership.outages.flatMap((outage) => checkZombie(outage, ownership)),
    ...ownership.outages.flatMap((outage) => checkLateAnswers(outage, ownership)),
  ];
}

function deliveriesOf(entries: readonly JournalEntry[]) {
  return entries
    .flatMap((entry) => {
      if (entry.step !== 'received') return [];
      const { client, atMs, deliveries } = entry;
      return deliveries.map((delivery) => ({ ...delivery, client, atMs }));
    })
    .toSorted((left, right) => left.atMs - right.atMs);
}

function windowsOf({ entries, outages }: Ownership): readonly Window[] {
  const settledAtMs = new Map<string, number>();
  for (const entry of entries) {
    if (entry.step !== 'settle.invoke') continue;
    for (const id of entry.deliveryIds) if (!settledAtMs.has(id)) settledAtMs.set(id, entry.atMs);
  }
  return deliveriesOf(entries).map(({ client, atMs, deliveryId, eventId, partition }) => {
    const settled = settledAtMs.get(deliveryId) ?? atMs;
    const cut = outages.find(
      (outage) => outage.client === client && outage.fromMs < settled && outage.toMs > atMs,
    );
    const toMs = Math.max(atMs, Math.min(settled, cut?.fromMs ?? settled));
    return { client, eventId, partition, fromMs: atMs, toMs };
  });
}

/** Windows come in the order in which they begin. */
function checkOverlaps(windows: readonly Window[]): readonly Anomaly[] {
  const lastOf = new Map<string, Window>();
  const anomalies: Anomaly[] = [];
  for (const window of windows) {
    for (const [client, last] of lastOf) {
      if (client === window.client || last.toMs <= window.fromMs) continue;
      const overlapMs = Math.min(last.toMs, window.toMs) - window.fromMs;
      const detail = `partition ${window.partition}: ${last.eventId} at ${client} and ${window.eventId} at ${window.client}, both for ${overlapMs} ms`;
      anomalies.push({ kind: 'delivered-by-two', detail });
    }
    const before = lastOf.get(window.client);
    if (before === undefined || before.toMs < window.toMs) lastOf.set(window.client, window);
  }
  return anomalies;
}

/** A server that comes back hands out nothing in the name of its former life: all it had is another one's. */
function checkZombie({ client, fromMs, toMs }: Outage, { entries }: Ownership): readonly Anomaly[] {
  const own = deliveriesOf(entries.filter((entry) => entry.client === client));
  const former = new Set(
    own.filter(({ atMs }) => atMs < fromMs).map(({ deliveryId }) => lifeOf(deliveryId)),
  );
  return own
    .filter(({ atMs, deliveryId }) => atMs > toMs && former.has(lifeOf(deliveryId)))
    .map(({ eventId }) => ({
      kind: 'delivered-by-a-zombie',
      detail: `${client}: ${eventId}, by the life that was over`,
    }));
}

/** Nor does it take an acknowledgement of what it had handed out before, when that was sent while it was away. */
function checkLateAnswers(
  { client, fromMs, toMs }: Outage,
  { entries }: Ownership,
): readonly Anomaly[] {
  const own = entries.filter((entry) => entry.client === client);
  const before = own.filter(({ atMs }) => atMs < fromMs);
  const eventOf = new Map(deliveriesOf(before).map((each) => [each.deliveryId, each.eventId]));
  const anomalies: Anomaly[] = [];
  let invokedAtMs = 0;
  for (const entry of own) {
    if (entry.step === 'settle.invoke') invokedAtMs = entry.atMs;
    if (entry.step !== 'settle.ok' || invokedAtMs < fromMs || entry.atMs < toMs) continue;
    for (const eventId of entry.acknowledged.flatMap((id) => eventOf.get(id) ?? []))
      anomalies.push({
        kind: 'acknowledged-by-a-zombie',
        detail: `${client}: ${eventId}, handed out before it was away`,
      });
  }
  return anomalies;
}

const idSchema = z.array(z.union([z.string(), z.number()]));

/** Ids are opaque to receivers; the last that they are made of is the life of the server that gave them. */
function lifeOf(deliveryId: string): string {
  const text = Buffer.from(deliveryId, 'base64url').toString('utf8');
  return String(idSchema.parse(JSON.parse(text)).at(-1));
}
