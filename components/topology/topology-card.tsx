'use client';

import { memo } from 'react';
import { type Emphasis } from '#components/graph/graph-model.ts';
import { type LiveValues, useLiveValue } from '#components/graph/live-values.ts';
import { Badge } from '#components/ui/badge.tsx';
import { cn } from '#components/ui/cn.ts';
import { Sparkline } from '#components/ui/sparkline.tsx';
import { StateDot } from '#components/ui/state-dot.tsx';
import { type Tone } from '#components/ui/tone.ts';
import { type TopologyNode } from '#contracts/topology.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCompact, formatCount, formatRate } from '#lib/format/number.ts';
import { type NodeState, nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';

/** By zoom level of the canvas (`data-zoom`): what is left out, and what grows to stay readable. */
const NOT_FAR = 'group-data-[zoom=far]/graph:invisible';
const ONLY_NEAR = 'group-data-[zoom=mid]/graph:hidden group-data-[zoom=far]/graph:hidden';
const NAME = 'group-data-[zoom=mid]/graph:text-[16px] group-data-[zoom=far]/graph:text-[20px]';
const NUMBERS = 'text-xs group-data-[zoom=mid]/graph:text-[15px]';

const sparkTone = (state: NodeState): Tone => {
  const tone = STATE_TONE[state];
  return tone === 'ok' ? 'accent' : tone;
};

const Head = ({ node, state }: { node: TopologyNode; state: NodeState }) => (
  <div className="flex min-w-0 items-center gap-1.5">
    <StateDot tone={STATE_TONE[state]} label={STATE_LABEL[state]} hideLabel />
    <span
      className={cn('min-w-0 flex-1 truncate font-medium tracking-tight', NAME)}
      title={node.name}
    >
      {node.name}
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
    <div className={cn('mt-1 flex items-center gap-2.5 text-text-3', NUMBERS, NOT_FAR)}>
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
      className={cn('mt-2 h-6 group-data-[zoom=mid]/graph:mt-1', NOT_FAR)}
    />
  </>
);

const PlainNumbers = ({ node, kind }: { node: TopologyNode; kind: string }) => (
  <div className={cn('mt-1 flex items-center gap-2 text-text-3', NUMBERS, NOT_FAR)}>
    <span className="num text-text-2">{formatRate(node.ratePerSecond)}/s</span>
    {node.partitions === null ? null : (
      <span className={cn('num', ONLY_NEAR)}>{node.partitions}p</span>
    )}
    <span className="ml-auto">{kind}</span>
  </div>
);

/** One node. Subscribed to its own numbers: a frame that does not change them does not render it. */
export const TopologyCard = memo(
  (props: {
    nodes: LiveValues<TopologyNode>;
    nodeId: string;
    isSelected: boolean;
    emphasis: Emphasis;
  }) => {
    const node = useLiveValue(props.nodes, props.nodeId);
    if (!node) return null;
    const state = nodeState(node);
    return (
      <div
        className={cn(
          'size-full border bg-raised py-2 text-m shadow-raised transition-[border-color,opacity]',
          node.kind === 'topic' ? 'rounded-[22px] px-4' : 'rounded-l px-3',
          borderOf(props.isSelected, props.emphasis, state),
          props.emphasis === 'faded' && 'opacity-25',
          state === 'quiet' && props.emphasis === 'normal' && 'opacity-70',
        )}
      >
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
            className={cn('mt-1.5 group-data-[zoom=mid]/graph:mt-0.5', NOT_FAR)}
          />
        ) : null}
      </div>
    );
  },
);
TopologyCard.displayName = 'TopologyCard';

const borderOf = (isSelected: boolean, emphasis: Emphasis, state: NodeState): string => {
  if (isSelected) return 'border-accent ring-3 ring-accent-soft';
  if (emphasis === 'highlight') return 'border-accent';
  return STATE_TONE[state] === 'fail' ? 'border-fail/50' : 'border-line';
};
