import { type GraphEdgeSpec, type GraphNodeSpec } from '#components/graph/graph-model.ts';
import { type Topology, type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';

export type NodeKind = TopologyNode['kind'];

export const KIND_LABEL: Readonly<Record<NodeKind, string>> = {
  producer: 'Producer',
  topic: 'Topic',
  consumer: 'Consumer',
};

const START_COLUMN: Readonly<Record<NodeKind, number>> = { producer: 0, topic: 1, consumer: 2 };

/** Fixed per kind, so that a number that grows never moves a neighbour. */
export const NODE_SIZE: Readonly<Record<NodeKind, { width: number; height: number }>> = {
  producer: { width: 160, height: 82 },
  topic: { width: 140, height: 56 },
  consumer: { width: 200, height: 94 },
};

export const kindOf = (nodeId: string): NodeKind => {
  if (nodeId.startsWith('topic:')) return 'topic';
  return nodeId.startsWith('consumer:') ? 'consumer' : 'producer';
};

export const nameOf = (nodeId: string): string => nodeId.slice(nodeId.indexOf(':') + 1);

/** The unchanging part of a topology: what there is and what is connected, sorted so that equal sets are equal. */
export type TopologyGraph = {
  readonly nodes: readonly GraphNodeSpec[];
  readonly edges: readonly GraphEdgeSpec[];
};

export const toGraph = (topology: Topology): TopologyGraph => {
  const nodes = topology.nodes
    .map((node) => ({
      id: node.id,
      startColumn: START_COLUMN[node.kind],
      ...NODE_SIZE[node.kind],
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const known = new Set(nodes.map((node) => node.id));
  const edges = topology.edges
    .filter((edge) => known.has(edge.source) && known.has(edge.target))
    .map(({ id, source, target }) => ({ id, source, target }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { nodes, edges };
};

const isSameSpark = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

/** Whether a card drawn for `before` still tells the truth about `after`. `lastSeenAt` is not drawn. */
export const isSameNode = (before: TopologyNode, after: TopologyNode): boolean =>
  before.ratePerSecond === after.ratePerSecond &&
  before.errorRate === after.errorRate &&
  before.p95Ms === after.p95Ms &&
  before.p50Ms === after.p50Ms &&
  before.lag === after.lag &&
  before.oldestUnhandledAgeMs === after.oldestUnhandledAgeMs &&
  before.deadLetters === after.deadLetters &&
  before.state === after.state &&
  before.breaker?.state === after.breaker?.state &&
  before.partitions === after.partitions &&
  before.scenario === after.scenario &&
  isSameSpark(before.spark, after.spark);

export const isSameEdge = (before: TopologyEdge, after: TopologyEdge): boolean =>
  before.rate === after.rate &&
  before.errorRate === after.errorRate &&
  before.p95Ms === after.p95Ms;
