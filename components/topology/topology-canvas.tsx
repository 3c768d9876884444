'use client';

import { memo, type Ref, useCallback, useMemo } from 'react';
import { type EdgeFlow } from '#components/graph/edge-painter.ts';
import { FlowCanvas, type FlowCanvasHandle } from '#components/graph/flow-canvas.tsx';
import {
  type Emphasis,
  type GraphEdgeSpec,
  type Point,
  type Positions,
} from '#components/graph/graph-model.ts';
import { type LiveValues } from '#components/graph/live-values.ts';
import { TONE_VARIABLE } from '#components/ui/tone.ts';
import { type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';
import { formatRate } from '#lib/format/number.ts';
import { nodeState, STATE_TONE } from './node-state.ts';
import { TopologyCard } from './topology-card.tsx';
import { type TopologyGraph } from './topology-graph.ts';

export type TopologyCanvasProps = {
  readonly graph: TopologyGraph;
  readonly positions: Positions;
  readonly fitKey: string;
  readonly nodes: LiveValues<TopologyNode>;
  readonly edges: LiveValues<TopologyEdge>;
  readonly emphasis: ReadonlyMap<string, Emphasis>;
  readonly selectedId: string | null;
  readonly isMoving: boolean;
  readonly onSelect: (nodeId: string | null) => void;
  readonly onOpenMenu: (nodeId: string, at: Point) => void;
  readonly onMoveNode: (nodeId: string, at: Point) => void;
  readonly handle: Ref<FlowCanvasHandle>;
};

/** The graph with the topology's cards in it. Re-rendered by selection and structure, not by numbers. */
export const TopologyCanvas = memo((props: TopologyCanvasProps) => {
  const { graph, nodes, edges, positions, selectedId, emphasis, onSelect, handle } = props;

  const renderNode = useCallback(
    (nodeId: string) => (
      <TopologyCard
        nodes={nodes}
        nodeId={nodeId}
        isSelected={nodeId === selectedId}
        emphasis={emphasis.get(nodeId) ?? 'normal'}
      />
    ),
    [nodes, selectedId, emphasis],
  );
  const labelOf = useCallback(
    (edge: GraphEdgeSpec, flow: EdgeFlow) => {
      if (edge.source !== selectedId && edge.target !== selectedId) return null;
      return `${formatRate(flow.rate)}/s`;
    },
    [selectedId],
  );
  const miniMapColor = useCallback(
    (nodeId: string) => {
      const node = nodes.get(nodeId);
      const tone = node ? STATE_TONE[nodeState(node)] : 'neutral';
      return tone === 'ok' || tone === 'neutral' ? 'var(--line-strong)' : TONE_VARIABLE[tone];
    },
    [nodes],
  );
  const edgesById = useMemo(
    () => new Map(graph.edges.map((edge) => [edge.id, edge])),
    [graph.edges],
  );
  const onSelectEdge = useCallback(
    (edgeId: string) => {
      const edge = edgesById.get(edgeId);
      if (edge) onSelect(edge.target);
    },
    [edgesById, onSelect],
  );

  return (
    <FlowCanvas
      ref={handle}
      nodes={graph.nodes}
      edges={graph.edges}
      positions={positions}
      fitKey={props.fitKey}
      emphasis={emphasis}
      flows={edges}
      labelOf={labelOf}
      isMoving={props.isMoving}
      renderNode={renderNode}
      miniMapColor={miniMapColor}
      selectedId={selectedId}
      onSelect={onSelect}
      onSelectEdge={onSelectEdge}
      onOpenMenu={props.onOpenMenu}
      onMoveNode={props.onMoveNode}
    />
  );
});
TopologyCanvas.displayName = 'TopologyCanvas';
