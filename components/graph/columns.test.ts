import { expect, test } from 'vitest';
import { columnsOf } from './columns.ts';
import { type GraphEdgeSpec, type GraphNodeSpec } from './graph-model.ts';

const node = (id: string, startColumn: number): GraphNodeSpec => ({
  id,
  width: 100,
  height: 50,
  startColumn,
});
const edge = (source: string, target: string): GraphEdgeSpec => ({
  id: `${source}>${target}`,
  source,
  target,
});

test('a flow reads from left to right', () => {
  const nodes = [node('shop', 0), node('orders', 1), node('payment', 2), node('payments', 1)];
  const edges = [edge('shop', 'orders'), edge('orders', 'payment'), edge('payment', 'payments')];

  const columns = columnsOf(nodes, edges);

  expect([...columns]).toEqual(
    expect.arrayContaining([
      ['shop', 0],
      ['orders', 1],
      ['payment', 2],
      ['payments', 3],
    ]),
  );
});

test('an edge that closes a cycle runs backwards instead of moving its target', () => {
  const nodes = [node('shop', 0), node('orders', 1), node('fulfilment', 2)];
  const edges = [
    edge('shop', 'orders'),
    edge('orders', 'fulfilment'),
    edge('fulfilment', 'orders'),
  ];

  const columns = columnsOf(nodes, edges);

  expect(columns.get('orders')).toBe(1);
  expect(columns.get('fulfilment')).toBe(2);
});

test('a node that leads nowhere stands after the last of its inputs', () => {
  const nodes = [node('a', 0), node('t', 1), node('c', 2), node('u', 1), node('sink', 2)];
  const edges = [
    edge('a', 't'),
    edge('t', 'c'),
    edge('c', 'u'),
    edge('t', 'sink'),
    edge('u', 'sink'),
  ];

  expect(columnsOf(nodes, edges).get('sink')).toBe(4);
});

test('a cycle that nothing leads to still gets columns', () => {
  const nodes = [node('t', 1), node('c', 2)];

  const columns = columnsOf(nodes, [edge('t', 'c'), edge('c', 't')]);

  expect(columns.get('t')).toBe(1);
  expect(columns.get('c')).toBe(2);
});
