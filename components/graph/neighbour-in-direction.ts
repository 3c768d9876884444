import { type GraphEdgeSpec, type Positions } from './graph-model.ts';

/**
 * Where an arrow key leads: right and left follow the edges (nearest in height first), up and down go to the next node of
 * about the same column. Null when there is nothing there.
 */
export const neighbourInDirection = (step: {
  readonly from: string;
  readonly key: string;
  readonly edges: readonly GraphEdgeSpec[];
  readonly positions: Positions;
}): string | null => {
  const { from, key, edges, positions } = step;
  const here = positions.get(from);
  if (!here) return null;
  const heightOf = (id: string) => Math.abs((positions.get(id)?.y ?? 0) - here.y);

  if (key === 'ArrowRight')
    return nearest(
      edges.filter((edge) => edge.source === from).map((edge) => edge.target),
      heightOf,
    );
  if (key === 'ArrowLeft')
    return nearest(
      edges.filter((edge) => edge.target === from).map((edge) => edge.source),
      heightOf,
    );
  const sign = key === 'ArrowDown' ? 1 : -1;
  const beyond = [...positions].filter(([id, at]) => id !== from && (at.y - here.y) * sign > 0);
  return nearest(
    beyond.map(([id]) => id),
    (id) => {
      const at = positions.get(id) ?? here;
      return Math.abs(at.x - here.x) * 3 + Math.abs(at.y - here.y);
    },
  );
};

const nearest = (ids: readonly string[], distance: (id: string) => number): string | null =>
  ids.toSorted((a, b) => distance(a) - distance(b))[0] ?? null;
