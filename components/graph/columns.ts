import { type GraphEdgeSpec, type GraphNodeSpec } from './graph-model.ts';

/**
 * The column of every node, so that a graph with cycles still reads from left to right: as many steps as it takes to get there
 * from the first column; where nothing leads on, one step after the last of its inputs. Parts that nothing leads to start at
 * the column their kind belongs in.
 */
export const columnsOf = (
  nodes: readonly GraphNodeSpec[],
  edges: readonly GraphEdgeSpec[],
): ReadonlyMap<string, number> => {
  const outputs = groupBy(edges, (edge) => edge.source);
  const inputs = groupBy(edges, (edge) => edge.target);
  const columns = new Map<string, number>();
  const byStart = nodes.toSorted(
    (a, b) =>
      a.startColumn - b.startColumn ||
      (inputs.get(a.id)?.length ?? 0) - (inputs.get(b.id)?.length ?? 0),
  );
  for (const node of byStart) {
    const isStart = node.startColumn === 0 || !inputs.has(node.id);
    if (isStart && !columns.has(node.id)) spread([node], outputs, columns);
  }
  for (const node of byStart) if (!columns.has(node.id)) spread([node], outputs, columns);
  pushSinks(nodes, { inputs, outputs }, columns);
  return columns;
};

type EdgesOf = ReadonlyMap<string, readonly GraphEdgeSpec[]>;

/** Breadth first, so that the shortest way from a start decides; a shorter way found later wins. */
const spread = (
  starts: readonly GraphNodeSpec[],
  outputs: EdgesOf,
  columns: Map<string, number>,
) => {
  for (const start of starts) columns.set(start.id, start.startColumn);
  const open = starts.map((start) => start.id);
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    const next = (columns.get(id) ?? 0) + 1;
    for (const edge of outputs.get(id) ?? []) {
      if ((columns.get(edge.target) ?? Number.POSITIVE_INFINITY) <= next) continue;
      columns.set(edge.target, next);
      open.push(edge.target);
    }
  }
};

const pushSinks = (
  nodes: readonly GraphNodeSpec[],
  { inputs, outputs }: { readonly inputs: EdgesOf; readonly outputs: EdgesOf },
  columns: Map<string, number>,
) => {
  for (const node of nodes) {
    if (outputs.has(node.id)) continue;
    const before = (inputs.get(node.id) ?? []).map((edge) => columns.get(edge.source) ?? 0);
    columns.set(node.id, Math.max(columns.get(node.id) ?? 0, ...before.map((one) => one + 1)));
  }
};

const groupBy = (
  edges: readonly GraphEdgeSpec[],
  keyOf: (edge: GraphEdgeSpec) => string,
): Map<string, GraphEdgeSpec[]> => Map.groupBy(edges, keyOf);
