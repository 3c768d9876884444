import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GraphNodeSpec, type Point, structureKey } from './graph-model.ts';
import { settlePositions } from './settle-positions.ts';

const node = (id: string): GraphNodeSpec => ({
  id,
  width: 100,
  height: 50,
  startColumn: 0,
});
const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const point = fc.record({
  x: fc.integer({ min: 0, max: 400 }),
  y: fc.integer({ min: 0, max: 400 }),
});

test('what has a position keeps it exactly, whatever the layout proposes', () => {
  fc.assert(
    fc.property(fc.array(point, { minLength: 6, maxLength: 6 }), (points) => {
      const known = new Map(ids.slice(0, 3).map((id, i) => [id, points[i] ?? { x: 0, y: 0 }]));
      const proposed = new Map(ids.map((id, i) => [id, points[5 - i] ?? { x: 0, y: 0 }]));

      const settled = settlePositions({ nodes: ids.map(node), edges: [], known, proposed });

      for (const [id, at] of known) expect(settled.get(id)).toEqual(at);
      expect(settled.size).toBe(ids.length);
    }),
  );
});

test('a new node covers nothing', () => {
  const known = new Map<string, Point>([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 0, y: 80 }],
  ]);

  const settled = settlePositions({
    nodes: ['a', 'b', 'c'].map(node),
    edges: [],
    known,
    proposed: new Map([['c', { x: 10, y: 10 }]]),
  });

  expect(settled.get('c')?.y).toBeGreaterThanOrEqual(130);
});

test('a new node goes where its neighbours have been moved to', () => {
  const settled = settlePositions({
    nodes: ['a', 'b'].map(node),
    edges: [{ id: 'a>b', source: 'a', target: 'b' }],
    known: new Map([['a', { x: 1_000, y: 500 }]]),
    proposed: new Map([
      ['a', { x: 0, y: 0 }],
      ['b', { x: 200, y: 0 }],
    ]),
  });

  expect(settled.get('b')).toEqual({ x: 1_200, y: 500 });
});

test('the structure is the same when only the order of nodes changes', () => {
  expect(structureKey([node('a'), node('b')], [])).toBe(structureKey([node('b'), node('a')], []));
  expect(structureKey([node('a')], [])).not.toBe(structureKey([node('b')], []));
});
