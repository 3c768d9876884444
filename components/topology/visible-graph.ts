import { type Emphasis, type GraphEdgeSpec } from '#components/graph/graph-model.ts';
import { type Topology, type TopologyNode } from '#contracts/topology.ts';
import { parseNodeQuery } from './node-query.ts';
import { type NodeState, nodeState } from './node-state.ts';
import { type NodeKind } from './topology-graph.ts';

/** What the person asked to see; all of it is in the URL. */
export type TopologyFilter = {
  readonly find: string;
  readonly hide: string;
  readonly kinds: readonly NodeKind[];
  readonly states: readonly NodeState[];
  readonly focus: string | null;
  readonly hops: number;
};

export const MAX_HOPS = 6;

/** Nodes within `hops` of the focus, following edges down from it and up to it, each direction for itself. */
export const withinHops = (
  focus: string,
  hops: number,
  edges: readonly GraphEdgeSpec[],
): ReadonlySet<string> => {
  const reached = new Set([focus]);
  for (const step of [downstream, upstream]) {
    let rim: ReadonlySet<string> = new Set([focus]);
    for (let hop = 0; hop < Math.min(hops, MAX_HOPS) && rim.size > 0; hop += 1) {
      rim = step(rim, edges);
      for (const id of rim) reached.add(id);
    }
  }
  return reached;
};

const downstream = (rim: ReadonlySet<string>, edges: readonly GraphEdgeSpec[]) =>
  new Set(edges.filter((edge) => rim.has(edge.source)).map((edge) => edge.target));

const upstream = (rim: ReadonlySet<string>, edges: readonly GraphEdgeSpec[]) =>
  new Set(edges.filter((edge) => rim.has(edge.target)).map((edge) => edge.source));

/**
 * Ids that are shown. Hide wins over everything; an empty list of kinds or states means all. The selected node's state may
 * change under a state filter: nodes are judged by what they are now.
 */
export const shownNodes = (topology: Topology, filter: TopologyFilter): ReadonlySet<string> => {
  const isHidden = parseNodeQuery(filter.hide);
  const focus = topology.nodes.some((node) => node.id === filter.focus) ? filter.focus : null;
  const near = focus === null ? null : withinHops(focus, filter.hops, topology.edges);
  const isShown = (node: TopologyNode): boolean => {
    if (isHidden?.(node)) return false;
    if (near && !near.has(node.id)) return false;
    if (filter.kinds.length > 0 && !filter.kinds.includes(node.kind)) return false;
    return filter.states.length === 0 || filter.states.includes(nodeState(node));
  };
  return new Set(topology.nodes.filter(isShown).map((node) => node.id));
};

/** Nodes that Find points at; null when it asks for nothing. */
export const foundNodes = (topology: Topology, find: string): ReadonlySet<string> | null => {
  const isFound = parseNodeQuery(find);
  if (isFound === null) return null;
  return new Set(topology.nodes.filter(isFound).map((node) => node.id));
};

/** How strongly nodes and edges are drawn: found ones stand out, the selected node's edges are lit. */
export const emphasise = (graph: {
  readonly nodeIds: Iterable<string>;
  readonly edges: readonly GraphEdgeSpec[];
  readonly found: ReadonlySet<string> | null;
  readonly selected: string | null;
}): ReadonlyMap<string, Emphasis> => {
  const { nodeIds, edges, found, selected } = graph;
  const emphasis = new Map<string, Emphasis>();
  if (found !== null)
    for (const id of nodeIds) emphasis.set(id, found.has(id) ? 'highlight' : 'faded');
  for (const edge of edges) {
    if (edge.source === selected || edge.target === selected) emphasis.set(edge.id, 'highlight');
    else if (found !== null)
      emphasis.set(edge.id, found.has(edge.source) && found.has(edge.target) ? 'normal' : 'faded');
  }
  return emphasis;
};
