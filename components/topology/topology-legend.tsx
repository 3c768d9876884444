'use client';

import { type ReactNode } from 'react';
import { cn } from '#components/ui/cn.ts';
import { StateDot } from '#components/ui/state-dot.tsx';
import { type Topology } from '#contracts/topology.ts';
import { formatCount } from '#lib/format/number.ts';
import { NODE_STATES, type NodeState, nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';
import { KIND_LABEL, type NodeKind } from './topology-graph.ts';

const KINDS: readonly NodeKind[] = ['producer', 'topic', 'consumer'];

const KIND_SHAPE: Readonly<Record<NodeKind, string>> = {
  producer: 'rounded-[2px]',
  topic: 'rounded-full',
  consumer: 'rounded-[3px] border-l-2',
};

const toggled = <Value,>(values: readonly Value[], value: Value): Value[] =>
  values.includes(value) ? values.filter((one) => one !== value) : [...values, value];

const Chip = (props: {
  isOn: boolean;
  isDimmed: boolean;
  onToggle: () => void;
  children: ReactNode;
}) => (
  <button
    type="button"
    aria-pressed={props.isOn}
    onClick={props.onToggle}
    className={cn(
      'inline-flex h-6 items-center gap-1.5 rounded-m border px-1.5 text-xs transition-colors',
      props.isOn
        ? 'border-accent bg-accent-soft text-text'
        : 'border-transparent text-text-2 hover:bg-line/50',
      props.isDimmed && 'text-text-3',
    )}
  >
    {props.children}
  </button>
);

/** What is in the picture and how it stands, with counts. A click filters by it; several of a row mean any of them. */
export const TopologyLegend = (props: {
  topology: Topology;
  kinds: readonly NodeKind[];
  states: readonly NodeState[];
  onKinds: (kinds: NodeKind[]) => void;
  onStates: (states: NodeState[]) => void;
}) => {
  const { nodes } = props.topology;
  const states = nodes.map(nodeState);
  return (
    <fieldset
      aria-label="Legend, filters by kind and state"
      className="flex max-w-full flex-wrap items-center gap-x-0.5 gap-y-0.5 rounded-m border border-line bg-surface/90 p-0.5"
    >
      {KINDS.map((kind) => (
        <Chip
          key={kind}
          isOn={props.kinds.includes(kind)}
          isDimmed={false}
          onToggle={() => props.onKinds(toggled(props.kinds, kind))}
        >
          <span aria-hidden className={cn('h-2.5 w-3.5 border border-text-3', KIND_SHAPE[kind])} />
          {KIND_LABEL[kind]}
          <span className="num text-text-3">
            {formatCount(nodes.filter((node) => node.kind === kind).length)}
          </span>
        </Chip>
      ))}
      <span aria-hidden className="mx-1 h-4 w-px bg-line" />
      {NODE_STATES.map((state) => {
        const count = states.filter((one) => one === state).length;
        return (
          <Chip
            key={state}
            isOn={props.states.includes(state)}
            isDimmed={count === 0}
            onToggle={() => props.onStates(toggled(props.states, state))}
          >
            <StateDot tone={STATE_TONE[state]} label={STATE_LABEL[state]} />
            <span className="num text-text-3">{formatCount(count)}</span>
          </Chip>
        );
      })}
    </fieldset>
  );
};
