/** What a drawn graph is made of. Live numbers are kept apart (live-values.ts), so that these change only with the structure. */
export type Point = { readonly x: number; readonly y: number };

export type GraphNodeSpec = {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Where the node stands when nothing leads to it: 0 for what starts flows. */
  readonly startColumn: number;
};

export type GraphEdgeSpec = {
  readonly id: string;
  readonly source: string;
  readonly target: string;
};

export type Positions = ReadonlyMap<string, Point>;

/** How strongly a node or an edge is drawn: highlighted by Find, as usual, or stepped back. */
export type Emphasis = 'highlight' | 'normal' | 'faded';

/** Changes exactly when the set of nodes or edges changes: the only reason to run a layout. */
export const structureKey = (
  nodes: readonly GraphNodeSpec[],
  edges: readonly GraphEdgeSpec[],
): string =>
  `${nodes
    .map((node) => node.id)
    .toSorted()
    .join('\n')}\n\n${edges
    .map((edge) => edge.id)
    .toSorted()
    .join('\n')}`;
