'use client';

import { useCallback, useRef, useState } from 'react';
import { type FlowCanvasHandle } from '#components/graph/flow-canvas.tsx';
import { saveGraphImage } from '#components/graph/graph-image.ts';
import { type Point } from '#components/graph/graph-model.ts';
import { useGraphLayout } from '#components/graph/use-graph-layout.ts';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { toast } from '#components/ui/toast.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type Topology } from '#contracts/topology.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { MEDIA, useMediaQuery } from '#lib/state/use-media-query.ts';
import { NodeMenu } from './node-menu.tsx';
import { TopologyLegend } from './topology-legend.tsx';
import { topologyPicture } from './topology-picture.ts';
import { TopologySide } from './topology-side.tsx';
import { TopologyStage } from './topology-stage.tsx';
import { TopologyToolbar } from './topology-toolbar.tsx';
import { useMotion } from './use-motion.ts';
import { useNodeActions } from './use-node-actions.ts';
import { type LiveTopology } from './use-topology-live.ts';
import { useVisibleGraph } from './use-visible-graph.ts';

const STORAGE_KEY = 'weir-topology-positions';

const summaryOf = ({ totals, nodes }: Topology): string =>
  `${formatPlural(nodes.length, 'node')}, lag ${formatCount(totals.lag)}, ${formatPlural(totals.deadLetters, 'dead letter')}`;

/** Whose menu is open, where, and what had the focus before. */
type NodeMenuRequest = {
  readonly id: string;
  readonly at: Point;
  readonly opener: Element | null;
};

const orNull = <Value,>(values: Value[]): Value[] | null => (values.length > 0 ? values : null);

/** The graph or its table, what filters it, and what is known about the selected node. */
export const TopologyRoom = ({ live, topology }: { live: LiveTopology; topology: Topology }) => {
  const { url, setUrl, graph, emphasis, found } = useVisibleGraph(live, topology);
  const layout = useGraphLayout({ ...live.graph, storageKey: STORAGE_KEY });
  const actions = useNodeActions();
  const isNarrow = useMediaQuery(MEDIA.narrow);
  const motion = useMotion(graph.edges.length);
  const canvas = useRef<FlowCanvasHandle>(null);
  const findInput = useRef<HTMLInputElement>(null);
  const [menu, setMenu] = useState<NodeMenuRequest | null>(null);
  const automatic = isNarrow ? 'table' : 'graph';
  const mode = url.view === 'auto' ? automatic : url.view;
  const { markTouched } = layout;

  const select = useCallback(
    (id: string | null) => {
      markTouched();
      void setUrl({ id });
    },
    [setUrl, markTouched],
  );
  const openMenu = useCallback(
    (id: string, at: Point) => setMenu({ id, at, opener: document.activeElement }),
    [],
  );
  const focusOn = (id: string) => void setUrl({ focus: id, id });
  const fit = () => canvas.current?.fit();
  const save = (format: 'png' | 'svg') => {
    const { positions } = layout;
    const { nodes, edges } = live;
    const picture = topologyPicture({ graph, positions, nodes, edges, at: topology.at });
    saveGraphImage(picture, format, 'weir-topology').catch((error: unknown) =>
      toast.failed('The picture could not be saved', error),
    );
  };

  useShortcut('f', () => findInput.current?.focus(), {
    label: 'Find in the graph',
    group: 'Topology',
  });
  useShortcut('0', fit, { label: 'Fit the graph', group: 'Topology' });
  useShortcut('Escape', () => select(null), {
    label: 'Close the panel',
    group: 'Topology',
    isEnabled: url.id !== null && menu === null,
  });

  const menuNode = topology.nodes.find((node) => node.id === menu?.id);
  return (
    <div className="relative flex size-full min-h-0">
      <LiveRegion text={summaryOf(topology)} />
      <div className="relative flex min-w-0 flex-1 flex-col">
        <div className="pointer-events-none z-10 flex flex-col items-start gap-2 p-3.5 *:pointer-events-auto">
          <TopologyToolbar
            find={url.find}
            hide={url.hide}
            findInput={findInput}
            onFind={(find) => void setUrl({ find })}
            onHide={(hide) => void setUrl({ hide })}
            focus={url.focus}
            hops={url.hops}
            onHops={(hops) => void setUrl({ hops })}
            onClearFocus={() => void setUrl({ focus: null, hops: null })}
            mode={mode}
            onMode={(view) => void setUrl({ view })}
            graph={{
              fit,
              zoomBy: (factor) => canvas.current?.zoomBy(factor),
              arrange: layout.arrange,
              save,
            }}
            motion={motion}
          />
          <TopologyLegend
            topology={topology}
            kinds={url.kinds}
            states={url.states}
            onKinds={(kinds) => void setUrl({ kinds: orNull(kinds) })}
            onStates={(states) => void setUrl({ states: orNull(states) })}
          />
        </div>
        <TopologyStage
          mode={mode}
          topology={topology}
          live={live}
          layout={layout}
          graph={graph}
          emphasis={emphasis}
          found={found}
          selectedId={url.id}
          fitKey={`${layout.arrangement} ${url.focus ?? ''} ${url.hops}`}
          isMoving={motion.isMoving}
          canvas={canvas}
          onSelect={select}
          onOpenMenu={openMenu}
          onShowAll={() => void setUrl({ hide: null, kinds: null, states: null, focus: null })}
        />
      </div>
      <TopologySide
        nodeId={url.id}
        nodes={live.nodes}
        edges={topology.edges}
        actions={actions}
        onSelect={select}
        onFocus={focusOn}
      />
      {menu && menuNode ? (
        <NodeMenu
          node={menuNode}
          at={menu.at}
          opener={menu.opener}
          actions={actions}
          onFocus={focusOn}
          onClose={() => setMenu(null)}
        />
      ) : null}
    </div>
  );
};
