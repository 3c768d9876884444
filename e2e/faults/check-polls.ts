// What a reader of the log may rely on, after the checks of jepsen.tests.kafka: one value at a place, no poll that skips, goes
// back or shows what was refused, no acknowledged event that all who came by missed, and a publish read in its own order.
import { type StoredEvent } from '#contracts/event.ts';
import { type Anomaly } from './anomaly.ts';
import { type JournalEntry } from './journal.ts';

type Poll = Extract<JournalEntry, { step: 'polled' }>;

/** `produced`: what the log holds in the end of what the producers sent, in its order. */
export function checkPolls(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const polls = entries.filter((entry) => entry.step === 'polled');
  return [
    ...checkPlaces(entries, produced),
    ...checkAborted(entries, polls),
    ...checkLost(entries, polls),
    ...checkSessions(polls, knownPositions(entries, produced)),
    ...checkRequests(entries, produced),
  ];
}

/** One position holds one event, one event has one position, whoever says so: receipts, polls or the log in the end. */
function checkPlaces(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const byPosition = new Map<number, Set<string>>();
  const byId = new Map<string, Set<number>>();
  for (const { id, position } of places(entries, produced)) {
    note(byPosition, position, id);
    note(byId, id, position);
  }
  return [
    ...[...byPosition]
      .filter(([, ids]) => ids.size > 1)
      .map(([position, ids]): Anomaly => {
        const detail = `position ${position} was seen to hold ${[...ids].join(' and ')}`;
        return { kind: 'inconsistent-position', detail };
      }),
    ...[...byId]
      .filter(([, positions]) => positions.size > 1)
      .map(([id, positions]): Anomaly => {
        const detail = `${id} was seen at ${[...positions].join(' and ')}`;
        return { kind: 'seen-at-two-positions', detail };
      }),
  ];
}

function* places(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): Iterable<{ readonly id: string; readonly position: number }> {
  yield* produced;
  for (const entry of entries) {
    if (entry.step === 'publish.ok') yield* entry.receipts;
    if (entry.step === 'polled') yield* entry.events;
  }
}

function note<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

/** Nobody reads what was refused and never accepted or left open. */
function checkAborted(
  entries: readonly JournalEntry[],
  polls: readonly Poll[],
): readonly Anomaly[] {
  const requests = new Map<string, readonly string[]>();
  const refused = new Set<string>();
  const possible = new Set<string>();
  for (const entry of entries) {
    if (entry.step === 'publish.invoke')
      requests.set(
        entry.request,
        entry.events.map(({ id }) => id),
      );
    if (
      entry.step === 'publish.fail' ||
      entry.step === 'publish.unknown' ||
      entry.step === 'publish.ok'
    )
      for (const id of requests.get(entry.request) ?? [])
        (entry.step === 'publish.fail' ? refused : possible).add(id);
  }
  return polls.flatMap(({ client, session, events }) =>
    events
      .filter(({ id }) => refused.has(id) && !possible.has(id))
      .map(({ id }) => ({ kind: 'aborted-read', detail: `${client}/${session} read ${id}` })),
  );
}

/** An acknowledged event below the end of a poll that began before it was read by somebody. */
function checkLost(entries: readonly JournalEntry[], polls: readonly Poll[]): readonly Anomaly[] {
  const read = new Set(polls.flatMap(({ events }) => events.map(({ id }) => id)));
  const passed = mergeRanges(
    polls.flatMap(({ after, events }) => {
      const last = events.at(-1)?.position;
      return last === undefined ? [] : [{ after, last }];
    }),
  );
  return entries.flatMap((entry) =>
    entry.step === 'publish.ok'
      ? entry.receipts
          .filter(({ id, position }) => !read.has(id) && isPassed(passed, position))
          .map(({ id, position }): Anomaly => {
            return { kind: 'lost-write', detail: `${id}, acknowledged at ${position}` };
          })
      : [],
  );
}

type Range = { readonly after: number; readonly last: number };

/** The same ground in ranges that do not touch, in order. */
function mergeRanges(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.after - b.after)) {
    const before = merged.at(-1);
    if (before === undefined || range.after > before.last) merged.push(range);
    else if (range.last > before.last)
      merged.splice(-1, 1, { after: before.after, last: range.last });
  }
  return merged;
}

function isPassed(ranges: readonly Range[], position: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.last ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.after < position;
}

function knownPositions(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly number[] {
  const known = new Set<number>();
  for (const { position } of places(entries, produced)) known.add(position);
  return [...known].toSorted((a, b) => a - b);
}

/** Each poll of a session goes on where the one before ended and gives every known event of what it passes, in order. */
function checkSessions(polls: readonly Poll[], known: readonly number[]): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const ranks = new Map(known.map((position, rank) => [position, rank]));
  const ends = new Map<string, number>();
  for (const { client, session, after, events } of polls) {
    const name = `${client}/${session}`;
    let last = after;
    // The client asked for what follows the poll before: anything else is an error of the test.
    const end = ends.get(name);
    if (end !== undefined && end !== after)
      throw new Error(`${name} ended at ${end} and went on after ${after}.`);
    for (const { id, position } of events) {
      if (position <= last)
        anomalies.push({
          kind: 'poll-went-back',
          detail: `${name}: ${id} at ${position} after ${last}`,
        });
      else if (skips(known, ranks, { last, position }))
        anomalies.push({
          kind: 'poll-skipped',
          detail: `${name}: ${id} at ${position} came next after ${last}`,
        });
      last = Math.max(last, position);
    }
    ends.set(name, last);
  }
  return anomalies;
}

/** Whether a known position lies between the two. */
function skips(
  known: readonly number[],
  ranks: ReadonlyMap<number, number>,
  { last, position }: { readonly last: number; readonly position: number },
): boolean {
  const before = known[(ranks.get(position) ?? 0) - 1];
  return before !== undefined && before > last;
}

/** The events of one publish are all there or none is, and lie in the order they were sent. */
function checkRequests(
  entries: readonly JournalEntry[],
  produced: readonly StoredEvent[],
): readonly Anomaly[] {
  const positions = new Map(produced.map(({ id, position }) => [id, position]));
  const anomalies: Anomaly[] = [];
  for (const entry of entries) {
    if (entry.step !== 'publish.invoke' || entry.events.length < 2) continue;
    const found = entry.events.flatMap(({ id }) => positions.get(id) ?? []);
    const detail = `${entry.request} lies at ${found.join(', ')}`;
    if (found.length > 0 && found.length < entry.events.length)
      anomalies.push({ kind: 'publish-torn', detail });
    if (found.some((position, index) => index > 0 && position <= (found[index - 1] ?? 0)))
      anomalies.push({ kind: 'publish-disordered', detail });
  }
  return anomalies;
}
