import { type GraphNodeSpec, type Point, type Positions } from './graph-model.ts';

/** A column with more nodes than this is folded into several side by side. */
export const MAX_ROWS_UNFOLDED = 14;
const ROWS_MAX = 80;
const ASPECT = 1.7;
const GAP_X = 32;
const GAP_Y = 26;
/** Between one column of the flow and the next, where the edges turn. */
const GAP_COLUMNS = 110;

type Column = readonly GraphNodeSpec[];

/**
 * Keeps the order a layered layout found and gives it a shape that fits a screen: columns that have grown too tall are folded.
 * A graph without such a column is left exactly as it is.
 */
export const foldColumns = (
  nodes: readonly GraphNodeSpec[],
  columnOf: ReadonlyMap<string, number>,
  positions: Positions,
): Positions => {
  const columns = inOrder(nodes, columnOf, positions);
  if (columns.every((column) => column.length <= MAX_ROWS_UNFOLDED)) return positions;
  return place(columns, bestRows(columns));
};

const inOrder = (
  nodes: readonly GraphNodeSpec[],
  columnOf: ReadonlyMap<string, number>,
  positions: Positions,
): readonly Column[] => {
  const yOf = (node: GraphNodeSpec) => positions.get(node.id)?.y ?? 0;
  const groups = Map.groupBy(nodes, (node) => columnOf.get(node.id) ?? 0);
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([, column]) => column.toSorted((a, b) => yOf(a) - yOf(b)));
};

const widthOf = (column: Column): number => Math.max(...column.map((node) => node.width));
const rowHeightOf = (column: Column): number =>
  Math.max(...column.map((node) => node.height)) + GAP_Y;

/** Rows per fold that bring the whole closest to the shape of a screen. */
const bestRows = (columns: readonly Column[]): number => {
  let best = MAX_ROWS_UNFOLDED;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let rows = MAX_ROWS_UNFOLDED; rows <= ROWS_MAX; rows += 1) {
    const width = columns.reduce(
      (sum, column) =>
        sum + Math.ceil(column.length / rows) * (widthOf(column) + GAP_X) + GAP_COLUMNS,
      0,
    );
    const height = Math.max(
      ...columns.map((column) => Math.min(rows, column.length) * rowHeightOf(column)),
    );
    const distance = Math.abs(Math.log(width / height / ASPECT));
    if (distance < bestDistance) {
      best = rows;
      bestDistance = distance;
    }
  }
  return best;
};

const place = (columns: readonly Column[], rows: number): Positions => {
  const positions = new Map<string, Point>();
  let left = 0;
  for (const column of columns) {
    const folds = Math.ceil(column.length / rows);
    const perFold = Math.ceil(column.length / folds);
    const rowHeight = rowHeightOf(column);
    const top = (-perFold * rowHeight) / 2;
    column.forEach((node, index) => {
      // Neighbours in the order stay neighbours: rows are filled across the folds.
      const fold = index % folds;
      const row = Math.floor(index / folds);
      positions.set(node.id, {
        x: Math.round(left + fold * (widthOf(column) + GAP_X)),
        y: Math.round(top + row * rowHeight),
      });
    });
    left += folds * (widthOf(column) + GAP_X) - GAP_X + GAP_COLUMNS;
  }
  return positions;
};
