import { type GraphNodeSpec, type Positions } from './graph-model.ts';

/** What is seen of the plane: `transform` is the shift in pixels and the zoom, as React Flow has it. */
export type Viewport = {
  readonly transform: readonly [number, number, number];
  readonly width: number;
  readonly height: number;
};

type Box = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

/** The box around all nodes, on the plane; null while none has a place. */
export const boxAround = (nodes: readonly GraphNodeSpec[], positions: Positions): Box | null => {
  const placed = nodes.flatMap((node) => {
    const at = positions.get(node.id);
    return at ? [{ ...at, right: at.x + node.width, bottom: at.y + node.height }] : [];
  });
  if (placed.length === 0) return null;
  return {
    left: Math.min(...placed.map(({ x }) => x)),
    top: Math.min(...placed.map(({ y }) => y)),
    right: Math.max(...placed.map(({ right }) => right)),
    bottom: Math.max(...placed.map(({ bottom }) => bottom)),
  };
};

/** Whether nothing of the box is out of sight. */
export const isWholeInView = (box: Box | null, { transform, width, height }: Viewport): boolean => {
  if (box === null) return true;
  const [x, y, zoom] = transform;
  return (
    box.left * zoom + x >= 0 &&
    box.top * zoom + y >= 0 &&
    box.right * zoom + x <= width &&
    box.bottom * zoom + y <= height
  );
};
