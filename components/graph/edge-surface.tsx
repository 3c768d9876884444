'use client';

import { useStoreApi } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { EdgePainter, type EdgeScene, type Viewport } from './edge-painter.ts';
import { type GraphEdgeSpec } from './graph-model.ts';

type FlowStore = ReturnType<typeof useStoreApi>;

const viewportOf = (store: FlowStore): Viewport => {
  const { transform, width, height, nodeLookup } = store.getState();
  const [x, y, zoom] = transform;
  const endsOf = (edge: GraphEdgeSpec) => {
    const source = nodeLookup.get(edge.source);
    const target = nodeLookup.get(edge.target);
    if (!source || !target) return null;
    const a = source.internals.positionAbsolute;
    const b = target.internals.positionAbsolute;
    return {
      from: { x: a.x + (source.width ?? 0), y: a.y + (source.height ?? 0) / 2 },
      to: { x: b.x, y: b.y + (target.height ?? 0) / 2 },
    };
  };
  return { x, y, zoom, width, height, endsOf };
};

/** The canvas under the nodes. The painter reads the scene and the viewport itself, so panning re-renders nothing here. */
export const EdgeSurface = (scene: EdgeScene) => {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const sceneRef = useRef(scene);
  const painterRef = useRef<EdgePainter | null>(null);
  const store = useStoreApi();

  useEffect(() => {
    sceneRef.current = scene;
    painterRef.current?.request();
  });

  useEffect(() => {
    const canvas = canvasRef.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return undefined;
    const painter = new EdgePainter({
      canvas,
      context,
      readScene: () => sceneRef.current,
      readViewport: () => viewportOf(store),
    });
    painterRef.current = painter;
    painter.start();
    const stopFollowing = store.subscribe(() => painter.request());
    return () => {
      stopFollowing();
      painter.stop();
      painterRef.current = null;
    };
  }, [store]);

  return (
    <canvas
      ref={canvasRef}
      aria-hidden
      className="pointer-events-none absolute inset-0 size-full"
    />
  );
};
