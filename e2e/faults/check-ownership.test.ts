import { expect, test } from 'vitest';
import { checkOwnership, type Outage } from './check-ownership.ts';
import { type JournalEntry } from './journal.ts';

/** One event in the hands of one consumer. */
function held(client: string, eventId: string, fromMs: number, toMs: number): JournalEntry[] {
  const deliveryId = `${client}-${eventId}-${fromMs}`;
  const partition = eventId === 'c' ? 1 : 0;
  const event = { eventId, position: 1, partition, key: 'k', sequence: 0 };
  return [
    {
      client,
      atMs: fromMs,
      step: 'received',
      deliveries: [{ ...event, deliveryId, attempt: 1, replay: null, redrive: null }],
    },
    { client, atMs: toMs, step: 'settle.invoke', verdict: 'ack', deliveryIds: [deliveryId] },
    {
      client,
      atMs: toMs + 1,
      step: 'settle.ok',
      verdict: 'ack',
      acknowledged: [deliveryId],
      expired: [],
    },
  ];
}

/** Every settlement is answered as too late. */
const tooLate = (entries: readonly JournalEntry[]) =>
  entries.map((entry) =>
    entry.step === 'settle.ok'
      ? { ...entry, acknowledged: [], expired: entry.acknowledged }
      : entry,
  );

const kindsOf = (entries: readonly JournalEntry[], outages: readonly Outage[] = []) =>
  checkOwnership({ entries, outages }).map(({ kind }) => kind);

test('one server after another, and two at two partitions, are well', () => {
  expect(kindsOf([...held('x', 'a', 10, 20), ...held('y', 'b', 20, 30)])).toEqual([]);
  expect(kindsOf([...held('x', 'a', 10, 30), ...held('y', 'c', 20, 30)])).toEqual([]);
});

test('a partition in flight at two servers at once is named', () => {
  expect(kindsOf([...held('x', 'a', 10, 30), ...held('y', 'b', 29, 40)])).toEqual([
    'delivered-by-two',
  ]);
});

test('what a server had handed out before it stood still does not count', () => {
  const entries = [...tooLate(held('x', 'a', 10, 90)), ...held('y', 'a', 50, 60)];
  expect(kindsOf(entries, [{ client: 'x', fromMs: 20, toMs: 80 }])).toEqual([]);
  expect(kindsOf(entries, [{ client: 'x', fromMs: 55, toMs: 80 }])).toEqual(['delivered-by-two']);
});

test('what a server hands out again after it stood still is named', () => {
  const entries = [...held('x', 'a', 10, 15), ...held('y', 'a', 50, 60), ...held('x', 'a', 95, 99)];
  expect(kindsOf(entries, [{ client: 'x', fromMs: 20, toMs: 80 }])).toEqual([
    'delivered-by-a-zombie',
  ]);
});

test('an acknowledgement that a server takes of what it had handed out before it stood still is named', () => {
  expect(kindsOf(held('x', 'a', 10, 95), [{ client: 'x', fromMs: 20, toMs: 80 }])).toEqual([
    'acknowledged-by-a-zombie',
  ]);
});
