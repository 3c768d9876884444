import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import {
  type GraphEdgeSpec,
  type GraphNodeSpec,
  type Point,
  type Positions,
  structureKey,
} from './graph-model.ts';
import { createLayeredLayout, type LayeredLayout } from './layered-layout.ts';
import { readPinnedPositions, writePinnedPositions } from './pinned-positions.ts';
import { settlePositions } from './settle-positions.ts';

/** While a graph is this young and untouched, new nodes re-arrange all of it; later they find a place beside what stands. */
const SETTLING_MS = 15_000;

export type GraphLayout = {
  readonly positions: Positions;
  /** Changes when everything was arranged anew, so that the view can be fitted again. */
  readonly arrangement: number;
  readonly failure: string | null;
  readonly moveNode: (id: string, at: Point) => void;
  /** Forgets remembered positions and arranges everything. */
  readonly arrange: () => void;
  /** From the first deliberate touch on, nothing moves by itself. */
  readonly markTouched: () => void;
};

/**
 * Positions of the nodes. The layout runs in its worker only when the set of nodes or edges changes; dragged nodes are
 * remembered in this browser under `storageKey`.
 */
export const useGraphLayout = (graph: {
  readonly nodes: readonly GraphNodeSpec[];
  readonly edges: readonly GraphEdgeSpec[];
  readonly storageKey: string;
}): GraphLayout => {
  const { nodes, edges, storageKey } = graph;
  const [positions, setPositions] = useState<Positions>(new Map());
  const [arrangement, setArrangement] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const [run, setRun] = useState(0);
  const history = useRef<{ shownAt: number | null; isTouched: boolean }>({
    shownAt: null,
    isTouched: false,
  });
  const key = useMemo(() => structureKey(nodes, edges), [nodes, edges]);

  const settle = (proposed: Positions) => {
    const { shownAt, isTouched } = history.current;
    const isYoung = shownAt === null || Date.now() - shownAt < SETTLING_MS;
    const isAnew = isYoung && !isTouched;
    const pinned = readPinnedPositions(storageKey);
    const known = isAnew ? pinned : new Map([...pinned, ...positions]);
    setPositions(settlePositions({ nodes, edges, known, proposed }));
    setFailure(null);
    history.current.shownAt ??= Date.now();
    if (isAnew) setArrangement((before) => before + 1);
  };
  const propose = (layout: LayeredLayout) => layout.run(nodes, edges);
  useLayoutRuns(`${key}\n${run}`, { propose, settle, fail: setFailure });

  const moveNode = useCallback(
    (id: string, at: Point) => {
      history.current.isTouched = true;
      writePinnedPositions(storageKey, readPinnedPositions(storageKey).set(id, at));
      setPositions((before) => new Map(before).set(id, at));
    },
    [storageKey],
  );
  const arrange = useCallback(() => {
    writePinnedPositions(storageKey, new Map());
    history.current = { shownAt: null, isTouched: false };
    setRun((before) => before + 1);
  }, [storageKey]);
  const markTouched = useCallback(() => {
    history.current.isTouched = true;
  }, []);

  return { positions, arrangement, failure, moveNode, arrange, markTouched };
};

/** Runs the layout once per value of `trigger`; an answer that was overtaken is dropped. */
const useLayoutRuns = (
  trigger: string,
  on: {
    readonly propose: (layout: LayeredLayout) => Promise<Positions>;
    readonly settle: (proposed: Positions) => void;
    readonly fail: (message: string) => void;
  },
) => {
  const layout = useRef<LayeredLayout | null>(null);
  const latest = useRef(on);
  useEffect(() => {
    latest.current = on;
  });
  useEffect(
    () => () => {
      layout.current?.close();
      layout.current = null;
    },
    [],
  );
  useEffect(() => {
    let isCurrent = trigger !== '';
    const running = (layout.current ??= createLayeredLayout());
    const work = async () => {
      try {
        const proposed = await latest.current.propose(running);
        if (isCurrent) latest.current.settle(proposed);
      } catch (error) {
        if (isCurrent) latest.current.fail(error instanceof Error ? error.message : String(error));
      }
    };
    void work();
    return () => {
      isCurrent = false;
    };
  }, [trigger]);
};
