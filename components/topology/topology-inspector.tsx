'use client';

import { ExternalLink, Focus, History, ListTree, X } from 'lucide-react';
import Link from 'next/link';
import { type LiveValues, useLiveValue } from '#components/graph/live-values.ts';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Sparkline } from '#components/ui/sparkline.tsx';
import { Stat, StatGrid } from '#components/ui/stat.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatRate, formatShare } from '#lib/format/number.ts';
import { InspectorConsumer } from './inspector-consumer.tsx';
import { nodeLinks } from './node-links.ts';
import { nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';
import { KIND_LABEL, nameOf } from './topology-graph.ts';
import { type NodeActions } from './use-node-actions.ts';

type InspectorProps = {
  readonly nodeId: string;
  readonly nodes: LiveValues<TopologyNode>;
  readonly edges: readonly TopologyEdge[];
  readonly actions: NodeActions;
  readonly onSelect: (nodeId: string | null) => void;
  readonly onFocus: (nodeId: string) => void;
  /** False where the frame around it has the title and the close button. */
  readonly isFramed: boolean;
};

const LINK = 'inline-flex items-center gap-1.5 text-s text-text-2 hover:text-accent';

const Neighbours = (props: {
  title: string;
  edges: readonly TopologyEdge[];
  end: 'source' | 'target';
  onSelect: (nodeId: string) => void;
}) => {
  if (props.edges.length === 0) return null;
  return (
    <section>
      <h3 className="mt-4 mb-1 text-xs font-semibold text-text-3">{props.title}</h3>
      <ul className="m-0 list-none p-0">
        {props.edges.map((edge) => (
          <li key={edge.id} className="border-b border-line last:border-0">
            <button
              type="button"
              onClick={() => props.onSelect(edge[props.end])}
              className="flex h-8 w-full items-center gap-2 text-left text-s hover:text-accent"
            >
              <span className="min-w-0 flex-1 truncate">{nameOf(edge[props.end])}</span>
              {edge.errorRate > 0 ? (
                <span className="num text-fail">{formatShare(edge.errorRate)} failing</span>
              ) : null}
              <span className="num text-text-2">{formatRate(edge.rate)}/s</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
};

const Title = ({ node, isNamed }: { node: TopologyNode; isNamed: boolean }) => {
  const state = nodeState(node);
  const detail = [
    KIND_LABEL[node.kind],
    node.partitions === null ? null : `${node.partitions} partitions`,
    node.scenario === null ? null : `scenario ${node.scenario}`,
  ];
  return (
    <div className="min-w-0 flex-1">
      <h2 className="flex min-w-0 flex-wrap items-center gap-2 text-l font-semibold tracking-tight">
        <StateDot tone={STATE_TONE[state]} label={STATE_LABEL[state]} hideLabel />
        <span className={isNamed ? 'min-w-0 break-words' : 'sr-only'}>{node.name}</span>
        {state === 'healthy' || state === 'quiet' ? null : (
          <Badge tone={STATE_TONE[state]}>{STATE_LABEL[state].toLowerCase()}</Badge>
        )}
      </h2>
      <p className="mt-0.5 text-s text-text-3">{detail.filter(Boolean).join(' · ')}</p>
    </div>
  );
};

const PlainNumbers = ({ node }: { node: TopologyNode }) => (
  <>
    <StatGrid>
      <Stat
        label={node.kind === 'topic' ? 'Arriving' : 'Publishing'}
        value={formatRate(node.ratePerSecond)}
        unit="/s"
      />
      <Stat label="Latency p95" value={formatDuration(node.p95Ms)} />
    </StatGrid>
    <h3 className="mt-4 mb-1 text-xs font-semibold text-text-3">Last minute</h3>
    <Sparkline values={node.spark} className="h-10" label={`Rate of ${node.name}, last minute`} />
  </>
);

const Links = ({ node }: { node: TopologyNode }) => {
  const links = nodeLinks(node.kind, node.name);
  return (
    <nav aria-label={`More about ${node.name}`} className="mt-4 flex flex-wrap gap-x-4 gap-y-2">
      {node.kind === 'consumer' ? (
        <Link href={links.consumer} className={LINK}>
          <ExternalLink aria-hidden className="size-3.5" />
          Consumer
        </Link>
      ) : (
        <Link href={links.events} className={LINK}>
          <ListTree aria-hidden className="size-3.5" />
          Events
        </Link>
      )}
      <Link href={links.timeline} className={LINK}>
        <History aria-hidden className="size-3.5" />
        Timeline
      </Link>
    </nav>
  );
};

/** One node close up: its numbers, its neighbours and what can be done with it. */
export const TopologyInspector = (props: InspectorProps) => {
  const node = useLiveValue(props.nodes, props.nodeId);
  if (!node)
    return (
      <div className="flex items-start gap-2 p-4 text-s text-text-2">
        <p className="flex-1">{nameOf(props.nodeId)} is not in the picture any more.</p>
        <IconButton label="Close" shortcut="Esc" onClick={() => props.onSelect(null)}>
          <X />
        </IconButton>
      </div>
    );
  return (
    <div className={props.isFramed ? 'p-4' : ''}>
      <header className="mb-3 flex items-start gap-1">
        <Title node={node} isNamed={props.isFramed} />
        <IconButton label="Focus on its neighbours" onClick={() => props.onFocus(node.id)}>
          <Focus />
        </IconButton>
        {props.isFramed ? (
          <IconButton label="Close" shortcut="Esc" onClick={() => props.onSelect(null)}>
            <X />
          </IconButton>
        ) : null}
      </header>
      {node.kind === 'consumer' ? (
        <InspectorConsumer node={node} actions={props.actions} />
      ) : (
        <PlainNumbers node={node} />
      )}
      <Neighbours
        title={node.kind === 'consumer' ? 'Reads' : 'From'}
        edges={props.edges.filter((edge) => edge.target === node.id)}
        end="source"
        onSelect={props.onSelect}
      />
      <Neighbours
        title={node.kind === 'topic' ? 'Consumers' : 'Publishes to'}
        edges={props.edges.filter((edge) => edge.source === node.id)}
        end="target"
        onSelect={props.onSelect}
      />
      {node.kind === 'consumer' ? null : (
        <Button asChild className="mt-4">
          <Link href={nodeLinks(node.kind, node.name).events}>See its events</Link>
        </Button>
      )}
      <Links node={node} />
    </div>
  );
};
