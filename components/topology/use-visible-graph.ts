import { useMemo } from 'react';
import { type Topology } from '#contracts/topology.ts';
import { type LiveTopology } from './use-topology-live.ts';
import { useTopologyUrl } from './use-topology-url.ts';
import { emphasise, foundNodes, shownNodes } from './visible-graph.ts';

/** A set with the same members keeps its identity, so that what depends on it stands still while numbers change. */
const useIdSet = (ids: ReadonlySet<string> | null): ReadonlySet<string> | null => {
  const key = ids === null ? null : [...ids].toSorted().join('\n');
  return useMemo(() => (key === null ? null : new Set(key.split('\n').filter(Boolean))), [key]);
};

/** What the URL leaves of the graph, and how strongly each part is drawn. */
export const useVisibleGraph = (live: LiveTopology, topology: Topology) => {
  const [url, setUrl] = useTopologyUrl();
  const shown = useIdSet(shownNodes(topology, url));
  const found = useIdSet(foundNodes(topology, url.find));
  const graph = useMemo(
    () => ({
      nodes: live.graph.nodes.filter((node) => shown?.has(node.id)),
      edges: live.graph.edges.filter((edge) => shown?.has(edge.source) && shown.has(edge.target)),
    }),
    [live.graph, shown],
  );
  const emphasis = useMemo(
    () =>
      emphasise({
        nodeIds: graph.nodes.map((node) => node.id),
        edges: graph.edges,
        found,
        selected: url.id,
      }),
    [graph, found, url.id],
  );
  return { url, setUrl, graph, emphasis, found };
};
