import {
  type GraphEdgeSpec,
  type GraphNodeSpec,
  type Point,
  type Positions,
} from './graph-model.ts';

const GAP_PX = 24;
/** Steps a new node may be pushed down before it is left where it is. */
const MAX_PUSHES = 200;

type Box = Point & { readonly width: number; readonly height: number };

const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width + GAP_PX &&
  b.x < a.x + a.width + GAP_PX &&
  a.y < b.y + b.height + GAP_PX &&
  b.y < a.y + a.height + GAP_PX;

const neighboursOf = (edges: readonly GraphEdgeSpec[]): Map<string, string[]> => {
  const neighbours = new Map<string, string[]>();
  const add = (from: string, to: string) =>
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
  for (const edge of edges) {
    add(edge.source, edge.target);
    add(edge.target, edge.source);
  }
  return neighbours;
};

/** How far the node's placed neighbours stand from where the new layout would have them. */
const driftOf = (ids: readonly string[], kept: Positions, proposed: Positions): Point => {
  let x = 0;
  let y = 0;
  let count = 0;
  for (const id of ids) {
    const now = kept.get(id);
    const ideal = proposed.get(id);
    if (now === undefined || ideal === undefined) continue;
    x += now.x - ideal.x;
    y += now.y - ideal.y;
    count += 1;
  }
  return count === 0 ? { x: 0, y: 0 } : { x: x / count, y: y / count };
};

/**
 * Where everything goes after the set of nodes changed: a node that has a position keeps it exactly; a new one goes where the
 * layout proposes relative to its neighbours, and further down until it covers nothing.
 */
export const settlePositions = (change: {
  readonly nodes: readonly GraphNodeSpec[];
  readonly edges: readonly GraphEdgeSpec[];
  readonly known: Positions;
  readonly proposed: Positions;
}): Map<string, Point> => {
  const { nodes, edges, known, proposed } = change;
  const settled = new Map<string, Point>();
  const boxes: Box[] = [];
  const place = (node: GraphNodeSpec, at: Point) => {
    settled.set(node.id, at);
    boxes.push({ ...at, width: node.width, height: node.height });
  };

  for (const node of nodes) {
    const at = known.get(node.id);
    if (at !== undefined) place(node, at);
  }
  const neighbours = neighboursOf(edges);
  const kept = new Map(settled);
  for (const node of nodes) {
    if (settled.has(node.id)) continue;
    const ideal = proposed.get(node.id) ?? { x: 0, y: 0 };
    const drift = driftOf(neighbours.get(node.id) ?? [], kept, proposed);
    place(node, freeSpot(node, { x: ideal.x + drift.x, y: ideal.y + drift.y }, boxes));
  }
  return settled;
};

const freeSpot = (node: GraphNodeSpec, wanted: Point, boxes: readonly Box[]): Point => {
  let y = wanted.y;
  for (let push = 0; push < MAX_PUSHES; push += 1) {
    const box: Box = { x: wanted.x, y, width: node.width, height: node.height };
    const hit = boxes.find((other) => overlaps(box, other));
    if (hit === undefined) break;
    y = hit.y + hit.height + GAP_PX;
  }
  return { x: wanted.x, y };
};
