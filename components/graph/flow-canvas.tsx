'use client';

import '@xyflow/react/dist/base.css';
import {
  type Edge,
  type EdgeProps,
  Handle,
  MiniMap,
  type Node,
  type NodeChange,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import {
  createContext,
  memo,
  type ReactNode,
  type Ref,
  useCallback,
  useContext,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from 'react';
import { curvePath } from './edge-curve.ts';
import { type EdgeScene } from './edge-painter.ts';
import { EdgeSurface } from './edge-surface.tsx';
import { type GraphNodeSpec, type Point, type Positions } from './graph-model.ts';
import { neighbourInDirection } from './neighbour-in-direction.ts';
import { boxAround, isWholeInView } from './whole-in-view.ts';

export type FlowCanvasHandle = {
  readonly fit: () => void;
  readonly zoomBy: (factor: number) => void;
  readonly center: (nodeId: string) => void;
};

export type FlowCanvasProps = EdgeScene & {
  readonly nodes: readonly GraphNodeSpec[];
  readonly positions: Positions;
  /** The view is fitted when this changes; as soon as someone moves it, it is theirs until the next change. */
  readonly fitKey: string;
  readonly renderNode: (nodeId: string) => ReactNode;
  readonly miniMapColor: (nodeId: string) => string;
  readonly selectedId: string | null;
  readonly onSelect: (nodeId: string | null) => void;
  readonly onSelectEdge: (edgeId: string) => void;
  readonly onOpenMenu: (nodeId: string, at: Point) => void;
  readonly onMoveNode: (nodeId: string, at: Point) => void;
  readonly ref?: Ref<FlowCanvasHandle>;
};

type FlowNode = Node<Record<string, never>, 'graph'>;

const MIN_ZOOM = 0.07;
const MAX_ZOOM = 2.5;
const MINI_MAP_FROM_NODES = 8;
/**
 * Above this, nodes out of sight are not mounted. Below it they stay: Tab reaches them, and one that has the focus keeps it when the
 * canvas is narrowed by a panel.
 */
const CULL_FROM_NODES = 120;
/** How much room a card has on screen. */
export type ZoomLevel = 'near' | 'mid' | 'far';

/**
 * Cards say less in larger letters as they get smaller: all of it up close, name and main numbers from afar, and below the last
 * step only the name.
 */
const NEAR_FROM_ZOOM = 0.78;
const MID_FROM_ZOOM = 0.5;
const zoomLevel = (zoom: number): ZoomLevel => {
  if (zoom >= NEAR_FROM_ZOOM) return 'near';
  return zoom >= MID_FROM_ZOOM ? 'mid' : 'far';
};
/** Room for what floats over the graph: toolbar and legend above, the overview below. */
const FIT = {
  padding: { top: '104px', right: '32px', bottom: '40px', left: '32px' },
  maxZoom: 1.15,
  duration: 180,
} as const;
const NO_DATA: Record<string, never> = {};
const ARROWS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

const RenderNode = createContext<(nodeId: string) => ReactNode>(() => null);

const GraphNode = memo(({ id }: NodeProps<FlowNode>) => {
  const render = useContext(RenderNode);
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="invisible" />
      {render(id)}
      <Handle type="source" position={Position.Right} isConnectable={false} className="invisible" />
    </>
  );
});
GraphNode.displayName = 'GraphNode';

/** Only the area that can be pointed at; what is seen of an edge is drawn by EdgeSurface. From afar there is none. */
const GraphEdge = memo(({ sourceX, sourceY, targetX, targetY }: EdgeProps) => (
  <path
    d={curvePath({ from: { x: sourceX, y: sourceY }, to: { x: targetX, y: targetY } })}
    fill="none"
    stroke="transparent"
    strokeWidth={14}
    className="react-flow__edge-interaction"
  />
));
GraphEdge.displayName = 'GraphEdge';

const NODE_TYPES = { graph: GraphNode };
const EDGE_TYPES = { graph: GraphEdge };

const toFlowNode = (node: GraphNodeSpec, position: Point, isSelected: boolean): FlowNode => ({
  id: node.id,
  type: 'graph',
  position,
  data: NO_DATA,
  width: node.width,
  height: node.height,
  measured: { width: node.width, height: node.height },
  selected: isSelected,
  ariaRole: 'button',
  domAttributes: { 'aria-pressed': isSelected },
  handles: [
    { type: 'target', position: Position.Left, x: 0, y: node.height / 2, width: 1, height: 1 },
    {
      type: 'source',
      position: Position.Right,
      x: node.width - 1,
      y: node.height / 2,
      width: 1,
      height: 1,
    },
  ],
});

/** Nodes being dragged stand where the pointer has them until they are dropped. */
const useFlowNodes = (props: FlowCanvasProps) => {
  const { nodes, positions, selectedId, onMoveNode } = props;
  const [dragged, setDragged] = useState<ReadonlyMap<string, Point>>(new Map());

  const flowNodes = useMemo(
    () =>
      nodes.map((node) => {
        const at = dragged.get(node.id) ?? positions.get(node.id) ?? { x: 0, y: 0 };
        return toFlowNode(node, at, node.id === selectedId);
      }),
    [nodes, positions, dragged, selectedId],
  );

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      for (const change of changes) {
        if (change.type !== 'position' || !change.position) continue;
        const { id, position } = change;
        if (change.dragging) setDragged((before) => new Map(before).set(id, position));
        else {
          onMoveNode(id, position);
          setDragged((before) => new Map([...before].filter(([known]) => known !== id)));
        }
      }
    },
    [onMoveNode],
  );
  return { flowNodes, onNodesChange };
};

const nodeIdOf = (target: EventTarget): string | null => {
  if (!(target instanceof Element)) return null;
  return target.closest('.react-flow__node')?.getAttribute('data-id') ?? null;
};

const boxOf = (target: EventTarget): Point => {
  if (!(target instanceof Element)) return { x: 0, y: 0 };
  const box = target.getBoundingClientRect();
  return { x: box.left, y: box.bottom };
};

const isMenuKey = (event: React.KeyboardEvent): boolean =>
  event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);

/** Arrows walk along the edges, Enter selects, the menu key opens the menu: all of the graph without a mouse. */
const useNodeKeys = (props: FlowCanvasProps, center: (nodeId: string) => void) => {
  const container = useRef<HTMLDivElement>(null);
  const { edges, positions, onSelect, onOpenMenu } = props;

  const focusNode = (id: string) => {
    const find = () =>
      container.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
    const element = find();
    if (element) element.focus();
    else {
      center(id);
      requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const id = nodeIdOf(event.target);
    if (id === null) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(id);
    } else if (isMenuKey(event)) {
      event.preventDefault();
      onOpenMenu(id, boxOf(event.target));
    } else if (ARROWS.has(event.key)) {
      event.preventDefault();
      const next = neighbourInDirection({ from: id, key: event.key, edges, positions });
      if (next !== null) focusNode(next);
    }
  };
  return { container, onKeyDown };
};

/** Handlers that keep their identity: React Flow renders every node again when one of them changes. */
const usePointer = ({ onSelect, onSelectEdge, onOpenMenu }: FlowCanvasProps) =>
  useMemo(
    () => ({
      onNodeClick: (_event: unknown, node: { readonly id: string }) => onSelect(node.id),
      onPaneClick: () => onSelect(null),
      onEdgeClick: (_event: unknown, edge: { readonly id: string }) => onSelectEdge(edge.id),
      onNodeContextMenu: (event: React.MouseEvent, node: { readonly id: string }) => {
        event.preventDefault();
        onOpenMenu(node.id, { x: event.clientX, y: event.clientY });
      },
    }),
    [onSelect, onSelectEdge, onOpenMenu],
  );

const levelOf = (state: { readonly transform: readonly [number, number, number] }): ZoomLevel =>
  zoomLevel(state.transform[2]);

/** For cards: renders again only when a step is passed. */
export const useZoomLevel = (): ZoomLevel => useStore(levelOf);

const NO_EDGES: Edge[] = [];

const FlowCanvasInside = (props: FlowCanvasProps) => {
  const { nodes, edges, positions, ref, fitKey } = props;
  const pointer = usePointer(props);
  const flow = useReactFlow();
  const fittedKey = useRef<string | null>(null);
  const isUntouched = useRef(true);
  const level = useZoomLevel();
  const box = useMemo(() => boxAround(nodes, positions), [nodes, positions]);
  const isWhole = useStore((state) => isWholeInView(box, state));
  const { flowNodes, onNodesChange } = useFlowNodes(props);
  const flowEdges = useMemo<Edge[]>(
    () =>
      edges.map(({ id, source, target }) => ({
        id,
        source,
        target,
        type: 'graph',
        focusable: false,
      })),
    [edges],
  );

  const center = useCallback(
    (nodeId: string) => void flow.fitView({ nodes: [{ id: nodeId }], maxZoom: 1, duration: 180 }),
    [flow],
  );
  useImperativeHandle(
    ref,
    () => ({
      fit: () => void flow.fitView(FIT),
      zoomBy: (factor) => {
        isUntouched.current = false;
        void flow.zoomTo(flow.getZoom() * factor, { duration: 120 });
      },
      center,
    }),
    [flow, center],
  );
  const { miniMapColor: colorOf } = props;
  const miniMapColor = useCallback((node: FlowNode) => colorOf(node.id), [colorOf]);
  const { container, onKeyDown } = useNodeKeys(props, center);

  const width = useStore((state) => state.width);
  useEffect(() => {
    const isNew = fittedKey.current !== fitKey;
    if (width === 0 || (!isNew && !isUntouched.current)) return undefined;
    const duration = fittedKey.current === null ? 0 : FIT.duration;
    const frame = requestAnimationFrame(() => {
      fittedKey.current = fitKey;
      isUntouched.current = true;
      void flow.fitView({ ...FIT, duration });
    });
    return () => cancelAnimationFrame(frame);
  }, [flow, fitKey, width]);
  const onMoveStart = useCallback((event: MouseEvent | TouchEvent | null) => {
    if (event !== null) isUntouched.current = false;
  }, []);

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the focusable nodes inside bubble to here
    <div
      ref={container}
      onKeyDown={onKeyDown}
      className="group/graph absolute inset-0 dotted [--xy-attribution-background-color:transparent] [&_.react-flow\_\_attribution]:text-[10px] [&_.react-flow\_\_attribution_a]:text-text-3"
      data-zoom={level}
    >
      <EdgeSurface
        edges={edges}
        emphasis={props.emphasis}
        flows={props.flows}
        labelOf={props.labelOf}
        isMoving={props.isMoving}
      />
      <RenderNode.Provider value={props.renderNode}>
        <ReactFlow<FlowNode>
          nodes={flowNodes}
          edges={level === 'far' ? NO_EDGES : flowEdges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onNodesChange={onNodesChange}
          onMoveStart={onMoveStart}
          {...pointer}
          minZoom={MIN_ZOOM}
          maxZoom={MAX_ZOOM}
          nodesConnectable={false}
          edgesFocusable={false}
          selectNodesOnDrag={false}
          selectionKeyCode={null}
          deleteKeyCode={null}
          multiSelectionKeyCode={null}
          zoomOnDoubleClick={false}
          disableKeyboardA11y
          onlyRenderVisibleElements={nodes.length > CULL_FROM_NODES}
          attributionPosition="bottom-left"
        >
          {/* An overview of what is in sight would only lie over some of it. */}
          {nodes.length >= MINI_MAP_FROM_NODES && !isWhole ? (
            <MiniMap<FlowNode>
              pannable
              zoomable
              ariaLabel="Overview of the graph"
              position="bottom-right"
              className="max-sm:hidden! overflow-hidden rounded-m border border-line"
              style={{ width: 168, height: 108 }}
              bgColor="var(--surface)"
              maskColor="color-mix(in oklab, var(--bg) 62%, transparent)"
              nodeColor={miniMapColor}
              nodeBorderRadius={12}
            />
          ) : null}
        </ReactFlow>
      </RenderNode.Provider>
    </div>
  );
};

/**
 * A graph that can be panned, zoomed and walked by keyboard. It knows no domain: cards are rendered by `renderNode`, which must
 * be a stable function, and what a card says is the name of its node; live numbers reach cards and edges through LiveValues and never through these props.
 */
export const FlowCanvas = (props: FlowCanvasProps) => (
  <ReactFlowProvider>
    <FlowCanvasInside {...props} />
  </ReactFlowProvider>
);
