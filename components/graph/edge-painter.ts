import { watchTheme } from '#components/ui/theme-tokens.ts';
import { DotField } from './dot-field.ts';
import { DOTS_FROM_ZOOM, type DrawnEdge, drawGraph } from './draw-graph.ts';
import { curvePath, type EdgeEnds, type SampledCurve, sampleCurve } from './edge-curve.ts';
import { type Emphasis, type GraphEdgeSpec } from './graph-model.ts';
import { readGraphTheme } from './graph-theme.ts';
import { type LiveValues } from './live-values.ts';

/** `rate` per second; `errorRate` is the share of it that failed, 0 to 1. */
export type EdgeFlow = { readonly rate: number; readonly errorRate: number };

/** What is to be drawn; read anew for each frame. */
export type EdgeScene = {
  readonly edges: readonly GraphEdgeSpec[];
  readonly emphasis: ReadonlyMap<string, Emphasis>;
  readonly flows: LiveValues<EdgeFlow>;
  readonly labelOf: (edge: GraphEdgeSpec, flow: EdgeFlow) => string | null;
  /** False: lines only, drawn when something changes and not in a loop. */
  readonly isMoving: boolean;
};

/** Where the graph stands on screen; the painter asks, nobody tells it. */
export type Viewport = {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
  readonly width: number;
  readonly height: number;
  readonly endsOf: (edge: GraphEdgeSpec) => EdgeEnds | null;
};

const SILENT: EdgeFlow = { rate: 0, errorRate: 0 };
/** Edges outside the viewport by more than this are not drawn. */
const MARGIN_PX = 40;
/** A curve may leave the box of its ends sideways by this much. */
const SWING = 160;
const PIXEL_RATIO_MAX = 2;
/** Curves of edges that are gone may stay until there are this many. */
const MEASURED_SPARE = 500;

type Measured = {
  readonly ends: EdgeEnds;
  readonly curve: SampledCurve;
  readonly path: Path2D;
};

const isSameEnds = (a: EdgeEnds, b: EdgeEnds): boolean =>
  a.from.x === b.from.x && a.from.y === b.from.y && a.to.x === b.to.x && a.to.y === b.to.y;

/**
 * Draws all edges and dots on one canvas, in one animation loop. Curves are measured when an end moves and never otherwise;
 * the loop stops while the page is hidden or the canvas is out of sight, and does not run at all for a scene that stands still.
 */
export class EdgePainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #readScene: () => EdgeScene;
  readonly #readViewport: () => Viewport;
  readonly #field = new DotField();
  readonly #measured = new Map<string, Measured>();
  readonly #onVisibility = () => this.request();
  #stopWatching: readonly (() => void)[] = [];
  #theme;
  #frame = 0;
  #lastAt = 0;
  #isInSight = true;

  constructor(parts: {
    readonly canvas: HTMLCanvasElement;
    readonly context: CanvasRenderingContext2D;
    readonly readScene: () => EdgeScene;
    readonly readViewport: () => Viewport;
  }) {
    this.#canvas = parts.canvas;
    this.#context = parts.context;
    this.#readScene = parts.readScene;
    this.#readViewport = parts.readViewport;
    this.#theme = readGraphTheme(parts.canvas);
  }

  start(): void {
    const sight = new IntersectionObserver(([entry]) => {
      this.#isInSight = entry?.isIntersecting ?? true;
      this.request();
    });
    sight.observe(this.#canvas);
    document.addEventListener('visibilitychange', this.#onVisibility);
    const stopTheme = watchTheme(() => {
      this.#theme = readGraphTheme(this.#canvas);
      this.request();
    });
    this.#stopWatching = [() => sight.disconnect(), stopTheme];
    this.request();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    for (const stop of this.#stopWatching) stop();
    this.#stopWatching = [];
  }

  /** Asks for a frame; does nothing when one is coming or nobody can see it. */
  request(): void {
    if (this.#frame !== 0 || !this.#isInSight || document.hidden) return;
    this.#frame = requestAnimationFrame((now) => this.#paint(now));
  }

  #paint(now: number): void {
    this.#frame = 0;
    const viewport = this.#readViewport();
    const scene = this.#readScene();
    const edges = this.#visible(scene, viewport);
    this.#clear(viewport);
    // So far away that dots would be specks there are none, and then nothing moves by itself.
    const isMoving = scene.isMoving && viewport.zoom >= DOTS_FROM_ZOOM;
    if (isMoving) this.#advance(edges, now);
    this.#lastAt = now;
    drawGraph(this.#context, {
      edges,
      dotsOf: isMoving ? (id) => this.#field.dotsOf(id) : null,
      zoom: viewport.zoom,
      theme: this.#theme,
    });
    if (isMoving) this.request();
  }

  #advance(edges: readonly DrawnEdge[], now: number): void {
    const traffic = edges.map((edge) => ({
      id: edge.id,
      rate: edge.rate,
      errorRate: edge.errorRate,
      length: edge.curve.length,
    }));
    this.#field.advance(this.#lastAt === 0 ? 0 : now - this.#lastAt, traffic);
  }

  #clear({ x, y, zoom, width, height }: Viewport): void {
    const ratio = Math.min(PIXEL_RATIO_MAX, devicePixelRatio);
    const pixelWidth = Math.round(width * ratio);
    const pixelHeight = Math.round(height * ratio);
    if (this.#canvas.width !== pixelWidth || this.#canvas.height !== pixelHeight) {
      this.#canvas.width = pixelWidth;
      this.#canvas.height = pixelHeight;
    }
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, pixelWidth, pixelHeight);
    this.#context.setTransform(zoom * ratio, 0, 0, zoom * ratio, x * ratio, y * ratio);
  }

  #visible(scene: EdgeScene, viewport: Viewport): DrawnEdge[] {
    if (this.#measured.size > scene.edges.length + MEASURED_SPARE) this.#measured.clear();
    const drawn: DrawnEdge[] = [];
    for (const edge of scene.edges) {
      const measured = this.#measure(edge, viewport);
      if (measured === null || !isInside(measured.ends, viewport)) continue;
      const flow = scene.flows.get(edge.id) ?? SILENT;
      drawn.push({
        id: edge.id,
        curve: measured.curve,
        path: measured.path,
        emphasis: scene.emphasis.get(edge.id) ?? 'normal',
        rate: flow.rate,
        errorRate: flow.errorRate,
        label: scene.labelOf(edge, flow),
      });
    }
    return drawn;
  }

  #measure(edge: GraphEdgeSpec, viewport: Viewport): Measured | null {
    const ends = viewport.endsOf(edge);
    if (ends === null) return null;
    const known = this.#measured.get(edge.id);
    if (known && isSameEnds(known.ends, ends)) return known;
    const measured = { ends, curve: sampleCurve(ends), path: new Path2D(curvePath(ends)) };
    this.#measured.set(edge.id, measured);
    return measured;
  }
}

const isInside = ({ from, to }: EdgeEnds, viewport: Viewport): boolean => {
  const { x, y, zoom, width, height } = viewport;
  const left = (-x - MARGIN_PX) / zoom - SWING;
  const right = (-x + width + MARGIN_PX) / zoom + SWING;
  const top = (-y - MARGIN_PX) / zoom;
  const bottom = (-y + height + MARGIN_PX) / zoom;
  return (
    Math.max(from.x, to.x) >= left &&
    Math.min(from.x, to.x) <= right &&
    Math.max(from.y, to.y) >= top &&
    Math.min(from.y, to.y) <= bottom
  );
};
