import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { structureKey } from '#components/graph/graph-model.ts';
import { createLiveValues, type LiveValues } from '#components/graph/live-values.ts';
import { type Topology, type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';
import { topologyQuery } from '#lib/queries/topology.ts';
import { isSameEdge, isSameNode, type TopologyGraph, toGraph } from './topology-graph.ts';

/** A value that keeps its identity for as long as its key stays the same. */
const useStable = <Value>(value: Value, key: string): Value => {
  const [kept, setKept] = useState({ key, value });
  if (kept.key === key) return kept.value;
  setKept({ key, value });
  return value;
};

const EMPTY_GRAPH: TopologyGraph = { nodes: [], edges: [] };

export type LiveTopology = {
  readonly topology: Topology | undefined;
  /** Identity changes only with the set of nodes and edges. */
  readonly graph: TopologyGraph;
  readonly nodes: LiveValues<TopologyNode>;
  readonly edges: LiveValues<TopologyEdge>;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly refetch: () => void;
};

/** The measured graph; stats frames arrive in the query's cache and go from there to the cards that changed. */
export const useTopologyLive = (): LiveTopology => {
  const query = useQuery(topologyQuery());
  const topology = query.data;
  const [nodes] = useState(() => createLiveValues<TopologyNode>(isSameNode));
  const [edges] = useState(() => createLiveValues<TopologyEdge>(isSameEdge));
  const lastRef = useRef<Topology | undefined>(undefined);

  const graphNow = topology ? toGraph(topology) : EMPTY_GRAPH;
  const graph = useStable(graphNow, structureKey(graphNow.nodes, graphNow.edges));

  useEffect(() => {
    if (!topology || lastRef.current === topology) return;
    lastRef.current = topology;
    nodes.replace(topology.nodes.map((node) => [node.id, node] as const));
    edges.replace(topology.edges.map((edge) => [edge.id, edge] as const));
  }, [topology, nodes, edges]);

  return {
    topology,
    graph,
    nodes,
    edges,
    error: query.error,
    isFetching: query.isFetching,
    refetch: () => void query.refetch(),
  };
};
