import { expect, test } from 'vitest';
import { DeliveryWatch } from './delivery-watch.ts';

const SERVERS = 2;

function watchOf(serverOf: Readonly<Record<number, number>>): DeliveryWatch {
  const watch = new DeliveryWatch();
  for (const [partition, server] of Object.entries(serverOf))
    watch.note(server, [
      { eventId: `event-${partition}`, deliveryId: `delivery-${partition}`, partition: +partition },
    ]);
  return watch;
}

const owners = new Map([
  [0, 'a'],
  [1, 'a'],
  [2, 'b'],
]);

test('every owner delivers what is its own: whichever server it is', () => {
  expect(watchOf({ 0: 0, 1: 0, 2: 1 }).isByOwners(owners, SERVERS)).toBe(true);
  expect(watchOf({ 0: 1, 1: 1, 2: 0 }).isByOwners(owners, SERVERS)).toBe(true);
});

test('one server delivered what two own: the other has not begun yet', () => {
  expect(watchOf({ 0: 0, 1: 0, 2: 0 }).isByOwners(owners, SERVERS)).toBe(false);
});

test('an owner whose partitions came from two servers has not all of them yet', () => {
  expect(watchOf({ 0: 0, 1: 1, 2: 1 }).isByOwners(owners, SERVERS)).toBe(false);
});

test('what nobody owns, or nobody delivered, is not delivered by its owner', () => {
  const freed = new Map([...owners, [2, null] as const]);
  expect(watchOf({ 0: 0, 1: 0, 2: 1 }).isByOwners(freed, SERVERS)).toBe(false);
  expect(watchOf({ 0: 0, 1: 0 }).isByOwners(owners, SERVERS)).toBe(false);
});
