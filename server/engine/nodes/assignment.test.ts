import { expect, test } from 'vitest';
import { assignKeys, electNode } from './assignment.ts';

const keysOf = (subscription: number, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => `${subscription}:1:${partition}`);
const nodesOf = (count: number) => Array.from({ length: count }, (_, i) => `node-${i}`);

const movedBetween = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
  [...before].filter(([key, node]) => after.get(key) !== node).length;

test('every key has a node, and no node more than its share rounded up', () => {
  for (const nodes of [1, 2, 3, 5]) {
    for (const partitions of [1, 3, 4, 12, 64]) {
      const assigned = assignKeys(keysOf(7, partitions), nodesOf(nodes));

      const counts = nodesOf(nodes).map(
        (node) => [...assigned.values()].filter((one) => one === node).length,
      );
      expect(assigned.size).toBe(partitions);
      expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(partitions / nodes));
    }
  }
});

test('the order in which nodes are named changes nothing, nor does naming one twice', () => {
  const keys = keysOf(1, 20);
  const [a, b, c] = ['a', 'b', 'c'];
  expect(assignKeys(keys, [c, a, b, a])).toEqual(assignKeys(keys, [a, b, c]));
});

test('a join moves about the share of the new node, a leave about that of the one that left', () => {
  for (const nodes of [2, 3, 4]) {
    let moved = 0;
    let movedBack = 0;
    const partitions = 24;
    const subscriptions = 50;
    for (let subscription = 0; subscription < subscriptions; subscription += 1) {
      const keys = keysOf(subscription, partitions);
      const before = assignKeys(keys, nodesOf(nodes));
      const after = assignKeys(keys, nodesOf(nodes + 1));
      moved += movedBetween(before, after);
      movedBack += movedBetween(after, assignKeys(keys, nodesOf(nodes)));
    }

    const share = (subscriptions * partitions) / (nodes + 1);
    expect(moved).toBeGreaterThanOrEqual(share);
    expect(moved).toBeLessThan(share * 1.5);
    expect(movedBack).toBe(moved);
  }
});

test('subscriptions with one partition are spread over the nodes', () => {
  const counts = new Map<string, number>();
  for (let subscription = 0; subscription < 300; subscription += 1) {
    const node = electNode(`${subscription}:1:0`, nodesOf(3)) ?? '';
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  expect(counts.size).toBe(3);
  expect(Math.min(...counts.values())).toBeGreaterThan(70);
});

test('without a node nothing is assigned', () => {
  expect(assignKeys(keysOf(1, 3), []).size).toBe(0);
  expect(electNode('producer', [])).toBeNull();
});
