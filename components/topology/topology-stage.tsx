'use client';

import { type RefObject } from 'react';
import { type FlowCanvasHandle } from '#components/graph/flow-canvas.tsx';
import { type Emphasis, type Point } from '#components/graph/graph-model.ts';
import { type GraphLayout } from '#components/graph/use-graph-layout.ts';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { type Topology } from '#contracts/topology.ts';
import { formatPlural } from '#lib/format/number.ts';
import { TopologyCanvas } from './topology-canvas.tsx';
import { type TopologyGraph } from './topology-graph.ts';
import { TopologyTable } from './topology-table.tsx';
import { type LiveTopology } from './use-topology-live.ts';

type StageProps = {
  readonly mode: 'graph' | 'table';
  readonly topology: Topology;
  readonly live: LiveTopology;
  readonly layout: GraphLayout;
  readonly graph: TopologyGraph;
  readonly emphasis: ReadonlyMap<string, Emphasis>;
  readonly found: ReadonlySet<string> | null;
  readonly selectedId: string | null;
  readonly fitKey: string;
  readonly isMoving: boolean;
  readonly canvas: RefObject<FlowCanvasHandle | null>;
  readonly onSelect: (nodeId: string | null) => void;
  readonly onOpenMenu: (nodeId: string, at: Point) => void;
  readonly onShowAll: () => void;
};

/** The picture itself in one of its faces: graph, table, nothing left, not arranged. */
export const TopologyStage = (props: StageProps) => {
  if (props.graph.nodes.length === 0) return <NothingLeft {...props} />;
  if (props.mode === 'table') return <TableStage {...props} />;
  return <GraphStage {...props} />;
};

const NothingLeft = ({ topology, onShowAll }: StageProps) => (
  <EmptyState
    kind="filtered-out"
    title={`All ${formatPlural(topology.nodes.length, 'node')} are filtered out`}
    action={<Button onClick={onShowAll}>Show all</Button>}
  />
);

const GraphStage = ({ canvas, layout, ...props }: StageProps) => {
  if (layout.failure !== null)
    return (
      <ErrorState
        title="The graph could not be arranged"
        detail={`${layout.failure}. The table shows the same.`}
        onRetry={layout.arrange}
      />
    );
  if (layout.positions.size === 0) return null;
  return (
    <div className="absolute inset-0">
      <TopologyCanvas
        handle={canvas}
        graph={props.graph}
        positions={layout.positions}
        fitKey={props.fitKey}
        nodes={props.live.nodes}
        edges={props.live.edges}
        emphasis={props.emphasis}
        selectedId={props.selectedId}
        isMoving={props.isMoving}
        onSelect={props.onSelect}
        onOpenMenu={props.onOpenMenu}
        onMoveNode={layout.moveNode}
      />
    </div>
  );
};

const TableStage = ({ topology, graph, found, ...props }: StageProps) => {
  const shown = new Set(graph.nodes.map((node) => node.id));
  const rows = topology.nodes.filter(
    (node) => shown.has(node.id) && (found === null || found.has(node.id)),
  );
  return (
    <div className="min-h-0 flex-1 overflow-auto px-3.5 pb-4">
      <TopologyTable
        nodes={rows}
        edges={topology.edges}
        selectedId={props.selectedId}
        onSelect={props.onSelect}
        onOpenMenu={props.onOpenMenu}
      />
    </div>
  );
};
