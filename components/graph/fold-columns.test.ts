import { expect, test } from 'vitest';
import { foldColumns, MAX_ROWS_UNFOLDED } from './fold-columns.ts';
import { type GraphNodeSpec } from './graph-model.ts';

const build = (count: number) => {
  const nodes: GraphNodeSpec[] = Array.from({ length: count }, (_, i) => ({
    id: `n${i}`,
    width: 200,
    height: 90,
    startColumn: 0,
  }));
  const columns = new Map(nodes.map((node) => [node.id, 0]));
  const positions = new Map(nodes.map((node, i) => [node.id, { x: 0, y: i * 120 }]));
  return { nodes, columns, positions };
};

test('a graph that fits is left exactly as it is', () => {
  const { nodes, columns, positions } = build(MAX_ROWS_UNFOLDED);
  expect(foldColumns(nodes, columns, positions)).toBe(positions);
});

test('a column that is too tall becomes about as wide as a screen, and nothing covers anything', () => {
  const { nodes, columns, positions } = build(160);

  const folded = [...foldColumns(nodes, columns, positions).values()];

  const width = Math.max(...folded.map((at) => at.x)) - Math.min(...folded.map((at) => at.x));
  const height = Math.max(...folded.map((at) => at.y)) - Math.min(...folded.map((at) => at.y));
  expect(width / height).toBeGreaterThan(0.9);
  expect(width / height).toBeLessThan(2.6);
  expect(new Set(folded.map((at) => `${at.x},${at.y}`)).size).toBe(160);
});
