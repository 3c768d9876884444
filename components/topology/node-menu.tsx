'use client';

import {
  CirclePause,
  CirclePlay,
  ExternalLink,
  FlaskConical,
  Focus,
  ListTree,
  MailWarning,
  Unplug,
  Wrench,
} from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type Point } from '#components/graph/graph-model.ts';
import { DropdownMenu, MenuItem, MenuLabel, MenuSeparator } from '#components/ui/dropdown-menu.tsx';
import { type TopologyNode } from '#contracts/topology.ts';
import { nodeLinks } from './node-links.ts';
import { type NodeActions } from './use-node-actions.ts';

type NodeMenuItemsProps = {
  readonly node: TopologyNode;
  readonly actions: NodeActions;
  readonly onFocus: (nodeId: string) => void;
};

const ConsumerItems = ({ node, actions }: NodeMenuItemsProps) => {
  const isPaused = node.state === 'paused';
  const isOpen = node.breaker?.state !== 'closed';
  const fault = actions.faultOf(node.name, node.scenario);
  const disabled = node.state === 'disabled' ? 'The consumer is disabled' : null;
  return (
    <>
      <MenuSeparator />
      {isPaused ? (
        <MenuItem icon={<CirclePlay />} onSelect={() => actions.resume(node.name)}>
          Resume
        </MenuItem>
      ) : (
        <MenuItem
          icon={<CirclePause />}
          reason={disabled}
          onSelect={() => actions.pause(node.name)}
        >
          Pause
        </MenuItem>
      )}
      <MenuItem
        icon={<Unplug />}
        onSelect={() => actions.setBreaker(node.name, isOpen ? 'closed' : 'open')}
      >
        {isOpen ? 'Close the breaker' : 'Open the breaker'}
      </MenuItem>
      {fault === null || node.scenario === null ? null : (
        <FaultItem
          node={node}
          scenario={node.scenario}
          isInjected={fault.isInjected}
          actions={actions}
        />
      )}
    </>
  );
};

const FaultItem = (props: {
  node: TopologyNode;
  scenario: string;
  isInjected: boolean;
  actions: NodeActions;
}) => {
  const { node, scenario, isInjected, actions } = props;
  return (
    <MenuItem
      icon={isInjected ? <Wrench /> : <FlaskConical />}
      onSelect={() => actions.setFault(node.name, scenario, !isInjected)}
    >
      {isInjected ? 'Repair the fault' : 'Inject a fault (20 % fail)'}
    </MenuItem>
  );
};

const NodeMenuItems = (props: NodeMenuItemsProps) => {
  const { node, onFocus } = props;
  const router = useRouter();
  const links = nodeLinks(node.kind, node.name);
  return (
    <>
      <MenuLabel>{node.name}</MenuLabel>
      <MenuItem icon={<Focus />} onSelect={() => onFocus(node.id)}>
        Focus on this and its neighbours
      </MenuItem>
      {node.kind === 'consumer' ? (
        <>
          <MenuItem icon={<MailWarning />} onSelect={() => router.push(links.deadLetters)}>
            Open dead letters{node.deadLetters > 0 ? ` (${node.deadLetters})` : ''}
          </MenuItem>
          <MenuItem icon={<ExternalLink />} onSelect={() => router.push(links.consumer)}>
            Open the consumer
          </MenuItem>
        </>
      ) : (
        <MenuItem icon={<ListTree />} onSelect={() => router.push(links.events)}>
          See its events
        </MenuItem>
      )}
      {node.kind === 'consumer' ? <ConsumerItems {...props} /> : null}
    </>
  );
};

/** The menu of one node, wherever it was asked for: at the pointer, at the focused card or in a table row. */
export const NodeMenu = (
  props: NodeMenuItemsProps & {
    readonly at: Point;
    readonly opener: Element | null;
    readonly onClose: () => void;
  },
) => (
  <DropdownMenu
    open
    returnFocusTo={props.opener}
    onOpenChange={(isOpen) => {
      if (!isOpen) props.onClose();
    }}
    trigger={
      <span
        aria-hidden
        className="pointer-events-none fixed size-px"
        style={{ left: props.at.x, top: props.at.y }}
      />
    }
  >
    <NodeMenuItems {...props} />
  </DropdownMenu>
);
