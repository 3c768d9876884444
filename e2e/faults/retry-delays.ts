import { type JournalEntry } from './journal.ts';

/** Per refused event: from each refusal to the delivery after it, and whether the last refusal still waits for one. */
export type RetryDelays = {
  readonly eventId: string;
  readonly delaysMs: readonly number[];
  readonly isWaiting: boolean;
};

/** How long what a consumer refused stayed away, by the consumer's own clock. */
export function retryDelays(entries: readonly JournalEntry[]): readonly RetryDelays[] {
  const eventOf = new Map<string, string>();
  const refusedAtMs = new Map<string, number[]>();
  const receivedAtMs = new Map<string, number[]>();
  for (const entry of entries) {
    if (entry.step === 'received')
      for (const { deliveryId, eventId } of entry.deliveries) {
        eventOf.set(deliveryId, eventId);
        append(receivedAtMs, eventId, entry.atMs);
      }
    if (entry.step === 'settle.invoke' && entry.verdict === 'nack')
      for (const id of entry.deliveryIds) append(refusedAtMs, eventOf.get(id) ?? id, entry.atMs);
  }
  return [...refusedAtMs].map(([eventId, refusals]) => {
    const again = receivedAtMs.get(eventId)?.slice(1) ?? [];
    return {
      eventId,
      delaysMs: again.map((atMs, index) => atMs - (refusals[index] ?? 0)),
      isWaiting: again.length < refusals.length,
    };
  });
}

function append(lists: Map<string, number[]>, id: string, atMs: number): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [atMs]);
  else list.push(atMs);
}
