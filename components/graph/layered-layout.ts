import ELK, { type ELK as Elk, type ElkNode } from 'elkjs/lib/elk-api.js';
import { columnsOf } from './columns.ts';
import { foldColumns } from './fold-columns.ts';
import {
  type GraphEdgeSpec,
  type GraphNodeSpec,
  type Point,
  type Positions,
} from './graph-model.ts';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '52',
  'elk.spacing.nodeNode': '30',
  'elk.spacing.componentComponent': '40',
  'elk.partitioning.activate': 'true',
  'elk.aspectRatio': '1.7',
};

/** Up to this size the prettier placement is worth its time; above it an arrangement must still come within half a second. */
const SMALL_GRAPH_NODES = 120;
const PRETTY = { 'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX' };
const FAST = {
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.thoroughness': '3',
};

/** Left-to-right layers, computed by elkjs in its own worker so that a large graph never blocks a frame. */
export type LayeredLayout = {
  readonly run: (
    nodes: readonly GraphNodeSpec[],
    edges: readonly GraphEdgeSpec[],
  ) => Promise<Positions>;
  readonly close: () => void;
};

const toElk = (
  nodes: readonly GraphNodeSpec[],
  edges: readonly GraphEdgeSpec[],
  columns: ReadonlyMap<string, number>,
): ElkNode => {
  const ids = new Set(nodes.map((node) => node.id));
  return {
    id: 'root',
    layoutOptions: { ...OPTIONS, ...(nodes.length <= SMALL_GRAPH_NODES ? PRETTY : FAST) },
    children: nodes.map(({ id, width, height }) => ({
      id,
      width,
      height,
      layoutOptions: { 'elk.partitioning.partition': String(columns.get(id) ?? 0) },
    })),
    edges: edges
      .filter((edge) => ids.has(edge.source) && ids.has(edge.target))
      .map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
};

const toPositions = (laidOut: ElkNode): Positions => {
  const positions = new Map<string, Point>();
  for (const child of laidOut.children ?? [])
    positions.set(child.id, { x: Math.round(child.x ?? 0), y: Math.round(child.y ?? 0) });
  return positions;
};

export const createLayeredLayout = (): LayeredLayout => {
  let elk: Elk | undefined;
  const start = () => {
    elk ??= new ELK({
      workerFactory: () =>
        new Worker(new URL('./layout-worker.ts', import.meta.url), { name: 'weir-layout' }),
    });
    return elk;
  };
  return {
    run: async (nodes, edges) => {
      const columns = columnsOf(nodes, edges);
      const laidOut = await start().layout(toElk(nodes, edges, columns));
      return foldColumns(nodes, columns, toPositions(laidOut));
    },
    close: () => {
      elk?.terminateWorker();
      elk = undefined;
    },
  };
};
