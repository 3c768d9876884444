'use client';

import { EllipsisVertical } from 'lucide-react';
import { type Point } from '#components/graph/graph-model.ts';
import { Badge } from '#components/ui/badge.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Sparkline } from '#components/ui/sparkline.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '#components/ui/table.tsx';
import { type TopologyNode } from '#contracts/topology.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';
import { KIND_LABEL, type NodeKind, nameOf } from './topology-graph.ts';

const ORDER: Readonly<Record<NodeKind, number>> = { consumer: 0, topic: 1, producer: 2 };

const LinkedNames = (props: { ids: readonly string[] }) => (
  <span className="line-clamp-2 text-text-2">{props.ids.map(nameOf).join(', ') || '–'}</span>
);

const NodeRow = (props: {
  node: TopologyNode;
  isSelected: boolean;
  inputs: readonly string[];
  outputs: readonly string[];
  onSelect: (id: string) => void;
  onOpenMenu: (id: string, at: Point) => void;
}) => {
  const { node } = props;
  const state = nodeState(node);
  return (
    <TableRow aria-selected={props.isSelected}>
      <TableCell className="max-w-56 max-sm:max-w-40">
        <button
          type="button"
          className="flex max-w-full items-center gap-2 py-1 text-left font-medium hover:text-accent"
          onClick={() => props.onSelect(node.id)}
        >
          <StateDot tone={STATE_TONE[state]} label={STATE_LABEL[state]} hideLabel />
          <span className="truncate">{node.name}</span>
        </button>
      </TableCell>
      <TableCell className="text-text-3 max-sm:hidden">{KIND_LABEL[node.kind]}</TableCell>
      <TableCell className="max-sm:hidden">{STATE_LABEL[state]}</TableCell>
      <TableCell numeric>{formatRate(node.ratePerSecond)}/s</TableCell>
      <TableCell numeric>{node.lag === null ? '–' : formatCount(node.lag)}</TableCell>
      <TableCell numeric className="max-sm:hidden">
        {formatDuration(node.p95Ms)}
      </TableCell>
      <TableCell numeric>
        {node.deadLetters > 0 ? <Badge tone="fail">{formatCount(node.deadLetters)}</Badge> : '–'}
      </TableCell>
      <TableCell className="w-28 max-lg:hidden">
        <Sparkline values={node.spark} tone={STATE_TONE[state] === 'fail' ? 'fail' : 'accent'} />
      </TableCell>
      <TableCell className="max-w-52 max-lg:hidden">
        <LinkedNames ids={props.inputs} />
      </TableCell>
      <TableCell className="max-w-52 max-lg:hidden">
        <LinkedNames ids={props.outputs} />
      </TableCell>
      <TableCell className="w-8">
        <IconButton
          label={`Actions of ${node.name}`}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            props.onOpenMenu(node.id, { x: box.left, y: box.bottom });
          }}
        >
          <EllipsisVertical />
        </IconButton>
      </TableCell>
    </TableRow>
  );
};

/** The graph in words, with the same selection and the same menu. */
export const TopologyTable = (props: {
  nodes: readonly TopologyNode[];
  edges: readonly { readonly source: string; readonly target: string }[];
  selectedId: string | null;
  onSelect: (id: string) => void;
  onOpenMenu: (id: string, at: Point) => void;
}) => {
  const rows = props.nodes.toSorted(
    (a, b) => ORDER[a.kind] - ORDER[b.kind] || a.name.localeCompare(b.name),
  );
  return (
    <Table label="Topology as a table">
      <TableHead>
        <TableRow>
          <TableHeader>Name</TableHeader>
          <TableHeader className="max-sm:hidden">Kind</TableHeader>
          <TableHeader className="max-sm:hidden">State</TableHeader>
          <TableHeader className="text-right">Rate</TableHeader>
          <TableHeader className="text-right">Lag</TableHeader>
          <TableHeader className="text-right max-sm:hidden">p95</TableHeader>
          <TableHeader className="text-right">
            Dead<span className="max-sm:sr-only"> letters</span>
          </TableHeader>
          <TableHeader className="max-lg:hidden">Last minute</TableHeader>
          <TableHeader className="max-lg:hidden">From</TableHeader>
          <TableHeader className="max-lg:hidden">To</TableHeader>
          <TableHeader>
            <span className="sr-only">Actions</span>
          </TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        {rows.map((node) => (
          <NodeRow
            key={node.id}
            node={node}
            isSelected={node.id === props.selectedId}
            inputs={props.edges.filter((edge) => edge.target === node.id).map((e) => e.source)}
            outputs={props.edges.filter((edge) => edge.source === node.id).map((e) => e.target)}
            onSelect={props.onSelect}
            onOpenMenu={props.onOpenMenu}
          />
        ))}
      </TableBody>
    </Table>
  );
};
