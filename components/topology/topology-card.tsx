'use client';

import { memo } from 'react';
import { useZoomLevel } from '#components/graph/flow-canvas.tsx';
import { type Emphasis } from '#components/graph/graph-model.ts';
import { type LiveValues, useLivePart, useLiveValue } from '#components/graph/live-values.ts';
import { Badge } from '#components/ui/badge.tsx';
import { cn } from '#components/ui/cn.ts';
import { Sparkline } from '#components/ui/sparkline.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type TopologyNode } from '#contracts/topology.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCompact, formatCount, formatRate } from '#lib/format/number.ts';
import { type NodeState, nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';
import { KIND_LABEL, kindOf, type NodeKind, nameOf } from './topology-graph.ts';

/** In the middle distance (`data-zoom` of the canvas): what is left out, and what grows to stay readable. */
const ONLY_NEAR = 'group-data-[zoom=mid]/graph:hidden';
const NAME = 'group-data-[zoom=mid]/graph:text-[16px]';
const NUMBERS = 'text-xs group-data-[zoom=mid]/graph:text-[15px]';

/** Pills are low and short: one line of smaller letters. */
const FAR_NAME: Readonly<Record<NodeKind, string>> = {
  producer: 'line-clamp-2 text-[20px] leading-6 break-words',
  topic: 'truncate text-[16px]',
  consumer: 'line-clamp-2 text-[20px] leading-6 break-words',
};

const sparkTone = (state: NodeState): Tone => {
  const tone = STATE_TONE[state];
  return tone === 'ok' ? 'accent' : tone;
};

const KindAndName = ({ kind, name }: { kind: NodeKind; name: string }) => (
  <>
    <span className="sr-only">{KIND_LABEL[kind]} </span>
    {name}
  </>
);

const Head = ({ node, state }: { node: TopologyNode; state: NodeState }) => (
  <div className="flex min-w-0 items-center gap-1.5">
    <StateDot tone={STATE_TONE[state]} label={STATE_LABEL[state]} hideLabel />
    <span
      className={cn('min-w-0 flex-1 truncate font-medium tracking-tight', NAME)}
      title={node.name}
    >
      <KindAndName kind={node.kind} name={node.name} />
    </span>
    {node.deadLetters > 0 ? (
      <Badge tone="fail">
        <span className="sr-only">dead letters </span>
        {formatCompact(node.deadLetters)}
      </Badge>
    ) : null}
  </div>
);

const ConsumerBadge = ({ node }: { node: TopologyNode }) => {
  if (node.state === 'paused' || node.state === 'disabled')
    return <Badge tone="paused">{node.state}</Badge>;
  if (node.breaker && node.breaker.state !== 'closed')
    return <Badge tone="fail">breaker {node.breaker.state}</Badge>;
  return null;
};

const ConsumerNumbers = ({ node, state }: { node: TopologyNode; state: NodeState }) => (
  <>
    <div className={cn('mt-1 flex items-center gap-2.5 text-text-3', NUMBERS)}>
      <span>
        lag{' '}
        <span className={cn('num', state === 'behind' ? 'text-slow' : 'text-text-2')}>
          {formatCount(node.lag ?? 0)}
        </span>
      </span>
      <span className="num text-text-2">{formatRate(node.ratePerSecond)}/s</span>
      <span className={cn('num text-text-2', ONLY_NEAR)}>{formatDuration(node.p95Ms)}</span>
      <span className="ml-auto">
        <ConsumerBadge node={node} />
      </span>
    </div>
    <Sparkline
      values={node.spark}
      tone={sparkTone(state)}
      className="mt-2 h-6 group-data-[zoom=mid]/graph:mt-1"
    />
  </>
);

const PlainNumbers = ({ node, kind }: { node: TopologyNode; kind: string }) => (
  <div className={cn('mt-1 flex items-center gap-2 text-text-3', NUMBERS)}>
    <span className="num text-text-2">{formatRate(node.ratePerSecond)}/s</span>
    {node.partitions === null ? null : (
      <span className={cn('num', ONLY_NEAR)}>{node.partitions}p</span>
    )}
    <span className="ml-auto">{kind}</span>
  </div>
);

type CardProps = {
  readonly nodes: LiveValues<TopologyNode>;
  readonly nodeId: string;
  readonly isSelected: boolean;
  readonly emphasis: Emphasis;
};

/**
 * One node: all its numbers up close, from afar only its name and how it stands. What it shows is the name of the node's button.
 */
export const TopologyCard = memo((props: CardProps) =>
  useZoomLevel() === 'far' ? <FarCard {...props} /> : <FullCard {...props} />,
);
TopologyCard.displayName = 'TopologyCard';

/** Subscribed to its own numbers: a frame that does not change them does not render it. */
const FullCard = (props: CardProps) => {
  const node = useLiveValue(props.nodes, props.nodeId);
  if (!node) return null;
  const state = nodeState(node);
  return (
    <div className={cn('py-2 shadow-raised', frameOf(props, node.kind, state))}>
      <Head node={node} state={state} />
      {node.kind === 'consumer' ? (
        <ConsumerNumbers node={node} state={state} />
      ) : (
        <PlainNumbers node={node} kind={node.kind} />
      )}
      {node.kind === 'producer' ? (
        <Sparkline
          values={node.spark}
          tone={sparkTone(state)}
          className="mt-1.5 group-data-[zoom=mid]/graph:mt-0.5"
        />
      ) : null}
    </div>
  );
};

/** Rendered again only when its state changes: hundreds of these are in sight at once. */
const FarCard = (props: CardProps) => {
  const state = useLivePart(props.nodes, props.nodeId, nodeState) ?? 'quiet';
  const name = nameOf(props.nodeId);
  return (
    <div
      className={cn(
        'flex items-center gap-2',
        frameOf(props, kindOf(props.nodeId), state),
        STATE_TONE[state] === 'fail' && 'border-2 border-fail',
      )}
    >
      <StateDot
        tone={STATE_TONE[state]}
        label={STATE_LABEL[state]}
        hideLabel
        className="scale-150"
      />
      <span
        className={cn('min-w-0 flex-1 font-medium', FAR_NAME[kindOf(props.nodeId)])}
        title={name}
      >
        <KindAndName kind={kindOf(props.nodeId)} name={name} />
      </span>
    </div>
  );
};

const frameOf = (props: CardProps, kind: NodeKind, state: NodeState): string =>
  cn(
    'size-full border bg-raised text-m transition-[border-color,opacity]',
    kind === 'topic' ? 'rounded-[22px] px-4' : 'rounded-l px-3',
    borderOf(props.isSelected, props.emphasis, state),
    props.emphasis === 'faded' && 'opacity-25',
    state === 'quiet' && props.emphasis === 'normal' && 'opacity-70',
  );

const borderOf = (isSelected: boolean, emphasis: Emphasis, state: NodeState): string => {
  if (isSelected) return 'border-accent ring-3 ring-accent-soft';
  if (emphasis === 'highlight') return 'border-accent';
  return STATE_TONE[state] === 'fail' ? 'border-fail/50' : 'border-line';
};
