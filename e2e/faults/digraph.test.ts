import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Digraph } from './digraph.ts';

const NODES = 8;
const edges = fc.array(fc.tuple(fc.nat(NODES - 1), fc.nat(NODES - 1)), { maxLength: 20 });

/** Whether a way leads from one node to another, tried edge by edge. */
function reaches(all: readonly (readonly [number, number])[], from: number, to: number): boolean {
  const seen = new Set<number>();
  const open = [from];
  for (let node = open.pop(); node !== undefined; node = open.pop())
    for (const [start, end] of all)
      if (start === node && !seen.has(end)) {
        seen.add(end);
        open.push(end);
      }
  return seen.has(to);
}

test('names together exactly the nodes that reach each other', () => {
  fc.assert(
    fc.property(edges, (all) => {
      const graph = new Digraph(NODES);
      for (const [from, to] of all) graph.add(from, to);

      const components = graph.cycles();

      const together = (a: number, b: number) =>
        components.some((nodes) => nodes.includes(a) && nodes.includes(b));
      for (let a = 0; a < NODES; a += 1)
        for (let b = a + 1; b < NODES; b += 1)
          expect(together(a, b)).toBe(reaches(all, a, b) && reaches(all, b, a));
    }),
  );
});

test('walks a way of a hundred thousand edges, and the ring it becomes', () => {
  const graph = new Digraph(100_000);
  for (let node = 0; node < 99_999; node += 1) graph.add(node, node + 1);
  expect(graph.cycles()).toEqual([]);

  graph.add(99_999, 0);

  expect(graph.cycles()[0]).toHaveLength(100_000);
});
