import { type PublishReceipt } from '#contracts/event.ts';
import { type NewEvent } from './event-record.ts';

/** The same (source, id) twice in one request is one event; `indexes` says for each event asked for which of `unique` it is. */
export function withoutRepeats(events: readonly NewEvent[]): {
  readonly unique: readonly NewEvent[];
  readonly indexes: readonly number[];
} {
  if (events.length === 1) return { unique: events, indexes: [0] };
  const unique: NewEvent[] = [];
  const seen = new Map<string, number>();
  const indexes = events.map((event) => {
    const identity = `${event.id}\u0000${event.source}`;
    const known = seen.get(identity);
    if (known !== undefined) return known;
    seen.set(identity, unique.length);
    return unique.push(event) - 1;
  });
  return { unique, indexes };
}

/** A receipt for each event asked for; a repeat is answered as a duplicate of the first. */
export function spread(
  receipts: readonly PublishReceipt[],
  indexes: readonly number[],
): PublishReceipt[] {
  const answered = new Set<number>();
  return indexes.map((index) => {
    const receipt = receipts[index];
    if (receipt === undefined) throw new Error('A receipt is missing');
    if (!answered.has(index)) {
      answered.add(index);
      return receipt;
    }
    return { ...receipt, duplicate: true };
  });
}
