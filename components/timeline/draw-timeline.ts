import { type Timeline } from '#contracts/timeline.ts';
import { type Arc, type EventDot, type EventDots } from './event-dots.ts';
import { type TimeRange } from './time-range.ts';
import { type TimeTick } from './time-ticks.ts';
import { barHeight, barHeightMax, type Geometry, laneLine, timeX } from './timeline-geometry.ts';
import { type TimelineTheme } from './timeline-theme.ts';

export type TimelineScene = {
  readonly geometry: Geometry;
  readonly theme: TimelineTheme;
  readonly ticks: readonly TimeTick[];
  readonly timeline: Timeline | undefined;
  /** Null while there are too many events in view to draw each. */
  readonly dots: EventDots | null;
  readonly arcs: readonly Arc[];
  readonly hoveredId: string | null;
  readonly selectedId: string | null;
  readonly selection: TimeRange | null;
  readonly now: number;
};

const DOT_RADIUS = 3.2;
const CROSS_RADIUS = 3.6;
const CROSS_GAP_PX = 9;
const BAR_GAP_PX = 1;
const BAR_ALPHA = 0.72;

type Context = CanvasRenderingContext2D;

const drawGrid = (context: Context, scene: TimelineScene) => {
  const { geometry, theme, ticks } = scene;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of ticks) {
    const x = Math.round(timeX(geometry, tick.at)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, geometry.height);
  }
  context.stroke();
  context.strokeStyle = theme.lineStrong;
  context.beginPath();
  geometry.lanes.forEach((_lane, index) => {
    const y = Math.round(laneLine(geometry, index)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(geometry.width, y);
  });
  context.stroke();
};

const addCross = (context: Context, x: number, y: number) => {
  context.moveTo(x - CROSS_RADIUS, y - CROSS_RADIUS);
  context.lineTo(x + CROSS_RADIUS, y + CROSS_RADIUS);
  context.moveTo(x + CROSS_RADIUS, y - CROSS_RADIUS);
  context.lineTo(x - CROSS_RADIUS, y + CROSS_RADIUS);
};

/** Buckets of the timeline that are in view, with where they stand. */
const eachBar = (
  scene: TimelineScene,
  timeline: Timeline,
  draw: (bar: { index: number; x: number; width: number }) => void,
) => {
  const { geometry } = scene;
  const start = Date.parse(timeline.after);
  const buckets = timeline.lanes[0]?.counts.length ?? 0;
  const first = Math.max(0, Math.floor((geometry.range.from - start) / timeline.bucketMs));
  const last = Math.min(buckets, Math.ceil((geometry.range.to - start) / timeline.bucketMs));
  for (let index = first; index < last; index += 1) {
    const x = timeX(geometry, start + index * timeline.bucketMs);
    const end = timeX(geometry, start + (index + 1) * timeline.bucketMs);
    draw({ index, x, width: Math.max(1, end - x - BAR_GAP_PX) });
  }
};

const maxCount = (scene: TimelineScene, timeline: Timeline): number => {
  let max = 0;
  eachBar(scene, timeline, ({ index }) => {
    for (const lane of timeline.lanes) max = Math.max(max, lane.counts[index] ?? 0);
  });
  return max;
};

const drawBars = (context: Context, scene: TimelineScene, timeline: Timeline) => {
  const { geometry, theme } = scene;
  const max = maxCount(scene, timeline);
  const heightMax = barHeightMax(geometry);
  for (const lane of timeline.lanes) {
    const row = geometry.laneIndex.get(lane.name);
    if (row === undefined) continue;
    const line = laneLine(geometry, row);
    let lastCross = Number.NEGATIVE_INFINITY;
    context.lineWidth = 1.6;
    context.strokeStyle = theme.fail;
    eachBar(scene, timeline, ({ index, x, width }) => {
      const count = lane.counts[index] ?? 0;
      const failed = lane.failed[index] ?? 0;
      if (count === 0 && failed === 0) return;
      const height = barHeight(Math.max(count, failed), max, heightMax);
      const red = height * Math.min(1, failed / Math.max(count, failed));
      context.globalAlpha = BAR_ALPHA;
      context.fillStyle = theme.accent;
      context.fillRect(x, line - height, width, height - red);
      context.globalAlpha = 1;
      context.fillStyle = theme.fail;
      context.fillRect(x, line - red, width, red);
      if (failed === 0 || x - lastCross < CROSS_GAP_PX) return;
      lastCross = x;
      context.beginPath();
      addCross(context, x + width / 2, line - height - 7);
      context.stroke();
    });
  }
};

/** Where dots go that would cover their neighbour, in rows from the line. */
const ROWS: readonly number[] = [0, -1, 1, -2, 2];
const ROW_PX = 6.5;

export type DotPoint = { readonly x: number; readonly y: number };

/** A dot stands on its lane's line; one that would cover the dot before it moves to a row of its own, always the same. */
const placeDots = (scene: TimelineScene): ReadonlyMap<string, DotPoint> => {
  const { geometry, dots } = scene;
  const points = new Map<string, DotPoint>();
  for (const [lane, row] of geometry.laneIndex) {
    const line = laneLine(geometry, row);
    let before = Number.NEGATIVE_INFINITY;
    for (const dot of dots?.byLane.get(lane) ?? []) {
      const x = timeX(geometry, dot.at);
      const isCrowded = Math.abs(x - before) < DOT_RADIUS * 1.9;
      const rows = isCrowded ? (ROWS[dot.position % ROWS.length] ?? 0) : 0;
      points.set(dot.id, { x, y: line + rows * ROW_PX });
      before = x;
    }
  }
  return points;
};

const drawDots = (
  context: Context,
  scene: TimelineScene,
  points: ReadonlyMap<string, DotPoint>,
) => {
  context.fillStyle = scene.theme.accent;
  context.globalAlpha = 0.85;
  context.beginPath();
  for (const { x, y } of points.values()) {
    if (x < -DOT_RADIUS || x > scene.geometry.width + DOT_RADIUS) continue;
    context.moveTo(x + DOT_RADIUS, y);
    context.arc(x, y, DOT_RADIUS, 0, Math.PI * 2);
  }
  context.fill();
  context.globalAlpha = 1;
};

/** An end of an arc: the dot as drawn, or the lane's line for an event that is not loaded. */
const arcPoint = (
  scene: TimelineScene,
  points: ReadonlyMap<string, DotPoint>,
  dot: EventDot,
): DotPoint | null => {
  const known = points.get(dot.id);
  if (known) return known;
  const row = scene.geometry.laneIndex.get(dot.lane);
  if (row === undefined) return null;
  return { x: timeX(scene.geometry, dot.at), y: laneLine(scene.geometry, row) };
};

const drawArcs = (
  context: Context,
  scene: TimelineScene,
  points: ReadonlyMap<string, DotPoint>,
) => {
  const { geometry, theme, arcs } = scene;
  context.strokeStyle = theme.text;
  context.fillStyle = theme.text;
  context.lineWidth = 1.3;
  for (const arc of arcs) {
    const from = arcPoint(scene, points, arc.from);
    const to = arcPoint(scene, points, arc.to);
    if (!from || !to) continue;
    const isSameLane = arc.from.lane === arc.to.lane;
    const lift = isSameLane ? -geometry.laneHeight * 0.42 : 0;
    const middle = (from.y + to.y) / 2;
    context.globalAlpha = 0.85;
    context.beginPath();
    context.moveTo(from.x, from.y);
    if (isSameLane) context.quadraticCurveTo((from.x + to.x) / 2, from.y + lift, to.x, to.y);
    else context.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
    context.stroke();
    context.beginPath();
    context.arc(to.x, to.y, DOT_RADIUS + 0.6, 0, Math.PI * 2);
    context.fill();
  }
  context.globalAlpha = 1;
};

const drawMark = (
  context: Context,
  point: DotPoint | undefined,
  colours: { readonly ring: string; readonly dot: string },
) => {
  if (!point) return;
  context.lineWidth = 2;
  context.strokeStyle = colours.ring;
  context.fillStyle = colours.dot;
  context.beginPath();
  context.arc(point.x, point.y, DOT_RADIUS + 3, 0, Math.PI * 2);
  context.stroke();
};

const drawSelection = (context: Context, scene: TimelineScene) => {
  const { geometry, theme, selection } = scene;
  if (!selection) return;
  const from = timeX(geometry, selection.from);
  const to = timeX(geometry, selection.to);
  context.fillStyle = theme.accentSoft;
  context.fillRect(from, 0, to - from, geometry.height);
  context.strokeStyle = theme.accent;
  context.lineWidth = 1;
  context.strokeRect(Math.round(from) + 0.5, -1, Math.round(to - from), geometry.height + 2);
};

const drawNow = (context: Context, scene: TimelineScene) => {
  const { geometry, theme, now } = scene;
  const x = timeX(geometry, now);
  if (x < 0 || x > geometry.width) return;
  context.fillStyle = theme.bg;
  context.globalAlpha = 0.55;
  context.fillRect(x, 0, geometry.width - x, geometry.height);
  context.globalAlpha = 1;
  context.fillStyle = theme.accent;
  context.fillRect(Math.round(x), 0, 1.5, geometry.height);
};

/** The lanes: grid, bars or dots, arcs, selection, now. */
export const drawLanes = (context: Context, scene: TimelineScene): void => {
  const { theme, hoveredId, selectedId } = scene;
  drawGrid(context, scene);
  if (scene.dots === null && scene.timeline) drawBars(context, scene, scene.timeline);
  const points = placeDots(scene);
  drawDots(context, scene, points);
  drawArcs(context, scene, points);
  drawMark(context, points.get(hoveredId ?? ''), { ring: theme.text2, dot: theme.accent });
  drawMark(context, points.get(selectedId ?? ''), { ring: theme.text, dot: theme.accent });
  drawNow(context, scene);
  drawSelection(context, scene);
};

/** The axis above them: round instants, and the day or year where it changes. */
export const drawAxis = (context: Context, scene: TimelineScene): void => {
  const { geometry, theme, ticks } = scene;
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  for (const tick of ticks) {
    const x = timeX(geometry, tick.at) + 4;
    context.font = `10.5px ${theme.mono}`;
    context.fillStyle = theme.text2;
    context.fillText(tick.label, x, 28);
    if (tick.context === null) continue;
    context.fillStyle = theme.text3;
    context.font = `10px ${theme.mono}`;
    context.fillText(tick.context, Math.max(4, x), 13);
  }
};
