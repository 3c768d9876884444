import { type Dot } from './dot-field.ts';
import { pointAlong, type SampledCurve } from './edge-curve.ts';
import { type Emphasis } from './graph-model.ts';
import { type GraphTheme } from './graph-theme.ts';

export type DrawnEdge = {
  readonly id: string;
  readonly curve: SampledCurve;
  readonly path: Path2D;
  readonly emphasis: Emphasis;
  readonly rate: number;
  readonly errorRate: number;
  /** Text in the middle of the edge, shown for edges of the selected node. */
  readonly label: string | null;
};

const DOT_RADIUS = 2.7;
const DIAMOND_RADIUS = 4;
const WIDTH_MIN = 1;
const WIDTH_MAX = 3.2;
/** Below this zoom dots would be specks; the lines alone stay. */
export const DOTS_FROM_ZOOM = 0.4;
const LABELS_FROM_ZOOM = 0.5;
const FADED_ALPHA = 0.16;

/** Line width grows with the rate, slowly: 1/s and 1,000/s must both be readable. */
export const edgeWidth = (rate: number): number =>
  Math.min(WIDTH_MAX, WIDTH_MIN + Math.log10(1 + Math.max(0, rate)) * 0.75);

type Stroke = {
  readonly path: Path2D;
  readonly emphasis: Emphasis;
  readonly width: number;
  readonly isSilent: boolean;
};

/** Edges that look alike are one path and one stroke: there are a dozen looks however many edges there are. */
const groupStrokes = (edges: readonly DrawnEdge[]): Iterable<Stroke> => {
  const strokes = new Map<string, Stroke>();
  for (const edge of edges) {
    const width = Math.round(edgeWidth(edge.rate) * 2) / 2;
    const isSilent = edge.rate <= 0;
    const key = `${edge.emphasis} ${width} ${isSilent}`;
    let stroke = strokes.get(key);
    if (!stroke) {
      stroke = { path: new Path2D(), emphasis: edge.emphasis, width, isSilent };
      strokes.set(key, stroke);
    }
    stroke.path.addPath(edge.path);
  }
  return strokes.values();
};

const strokeEdges = (
  context: CanvasRenderingContext2D,
  edges: readonly DrawnEdge[],
  theme: GraphTheme,
) => {
  for (const { path, emphasis, width, isSilent } of groupStrokes(edges)) {
    const isStrong = emphasis === 'highlight';
    context.globalAlpha = emphasis === 'faded' ? FADED_ALPHA : 1;
    context.strokeStyle = isStrong ? theme.accent : theme.line;
    context.lineWidth = width + (isStrong ? 0.4 : 0);
    context.setLineDash(isSilent ? [3, 4] : []);
    context.stroke(path);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
};

const addDiamond = (context: CanvasRenderingContext2D, x: number, y: number) => {
  context.moveTo(x, y - DIAMOND_RADIUS);
  context.lineTo(x + DIAMOND_RADIUS, y);
  context.lineTo(x, y + DIAMOND_RADIUS);
  context.lineTo(x - DIAMOND_RADIUS, y);
  context.closePath();
};

/** One path for all dots of a kind: the number of draw calls does not grow with the number of dots. */
const fillDots = (
  context: CanvasRenderingContext2D,
  edges: readonly DrawnEdge[],
  dotsOf: (edgeId: string) => readonly Dot[],
  options: { readonly failed: boolean; readonly faded: boolean; readonly colour: string },
) => {
  context.fillStyle = options.colour;
  context.globalAlpha = options.faded ? FADED_ALPHA : 1;
  context.beginPath();
  for (const edge of edges) {
    if ((edge.emphasis === 'faded') !== options.faded) continue;
    for (const dot of dotsOf(edge.id)) {
      if (dot.failed !== options.failed) continue;
      const { x, y } = pointAlong(edge.curve, dot.travelled);
      if (options.failed) addDiamond(context, x, y);
      else {
        context.moveTo(x + DOT_RADIUS, y);
        context.arc(x, y, DOT_RADIUS, 0, Math.PI * 2);
      }
    }
  }
  context.fill();
  context.globalAlpha = 1;
};

const drawLabels = (
  context: CanvasRenderingContext2D,
  edges: readonly DrawnEdge[],
  theme: GraphTheme,
) => {
  context.font = `500 10.5px ${theme.mono}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const edge of edges) {
    if (edge.label === null || edge.emphasis === 'faded') continue;
    const { x, y } = pointAlong(edge.curve, edge.curve.length / 2);
    const width = context.measureText(edge.label).width + 10;
    context.fillStyle = theme.surface;
    context.globalAlpha = 0.92;
    context.beginPath();
    context.roundRect(x - width / 2, y - 9, width, 18, 4);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = edge.errorRate > 0 ? theme.fail : theme.text2;
    context.fillText(edge.label, x, y + 0.5);
  }
};

/** Draws every edge and every dot in the viewport's own coordinates. */
export const drawGraph = (
  context: CanvasRenderingContext2D,
  scene: {
    readonly edges: readonly DrawnEdge[];
    readonly dotsOf: ((edgeId: string) => readonly Dot[]) | null;
    readonly zoom: number;
    readonly theme: GraphTheme;
  },
): void => {
  const { edges, dotsOf, zoom, theme } = scene;
  strokeEdges(context, edges, theme);
  if (dotsOf !== null && zoom >= DOTS_FROM_ZOOM) {
    for (const faded of [true, false]) {
      fillDots(context, edges, dotsOf, { failed: false, faded, colour: theme.accent });
      fillDots(context, edges, dotsOf, { failed: true, faded, colour: theme.fail });
    }
  }
  if (zoom >= LABELS_FROM_ZOOM) drawLabels(context, edges, theme);
};
