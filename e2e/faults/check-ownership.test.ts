import { expect, test } from 'vitest';
import { checkOwnership, type Outage } from './check-ownership.ts';
import { type JournalEntry } from './journal.ts';

/** One event in the hands of one consumer; each server has a new life every 90 ms. */
function held(client: string, eventId: string, fromMs: number, toMs: number): JournalEntry[] {
  const life = `${client}${Math.floor(fromMs / 90)}`;
  const deliveryId = Buffer.from(JSON.stringify([eventId, fromMs, life])).toString('base64url');
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

test('what a server hands out in the name of the life before it stood still is named', () => {
  const entries = [...held('x', 'a', 10, 15), ...held('y', 'a', 50, 60), ...held('x', 'b', 85, 89)];
  expect(kindsOf(entries, [{ client: 'x', fromMs: 20, toMs: 80 }])).toEqual([
    'delivered-by-a-zombie',
  ]);
  const anew = [...held('x', 'a', 10, 15), ...held('y', 'a', 50, 60), ...held('x', 'a', 95, 99)];
  expect(kindsOf(anew, [{ client: 'x', fromMs: 20, toMs: 80 }])).toEqual([]);
});

test('an acknowledgement that is sent while a server stands still and taken of what it had before is named', () => {
  const outage = { client: 'x', fromMs: 20, toMs: 60 };
  const entries = held('x', 'a', 10, 59);
  const late = entries.map((entry) =>
    entry.step === 'settle.ok' ? { ...entry, atMs: 61 } : entry,
  );
  expect(kindsOf(late, [outage])).toEqual(['acknowledged-by-a-zombie']);
  expect(kindsOf(tooLate(late), [outage])).toEqual([]);
  expect(kindsOf(held('x', 'a', 10, 15), [outage])).toEqual([]);
});
