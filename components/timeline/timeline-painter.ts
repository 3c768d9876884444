import { watchTheme } from '#components/ui/theme-tokens.ts';
import { type Timeline } from '#contracts/timeline.ts';
import { drawAxis, drawLanes, type TimelineScene } from './draw-timeline.ts';
import { type Arc, type EventDots } from './event-dots.ts';
import { type TimeRange } from './time-range.ts';
import { timeTicks } from './time-ticks.ts';
import { type TimelineController } from './timeline-controller.ts';
import { AXIS_HEIGHT, type Geometry } from './timeline-geometry.ts';
import { readTimelineTheme, type TimelineTheme } from './timeline-theme.ts';

/** What is drawn besides the range, which comes from the controller frame by frame. */
export type TimelinePicture = {
  readonly lanes: readonly string[];
  readonly laneHeight: number;
  readonly width: number;
  readonly height: number;
  readonly timeline: Timeline | undefined;
  readonly dots: EventDots | null;
  readonly arcs: readonly Arc[];
  readonly hoveredId: string | null;
  readonly selectedId: string | null;
  readonly selection: TimeRange | null;
  readonly isUtc: boolean;
};

const PIXEL_RATIO_MAX = 2;
/** While following, a frame is drawn once the picture has moved by this much. */
const STEP_PX = 0.4;

/** Draws the timeline whenever something changes, and in a loop only while it follows the clock and can be seen. */
export class TimelinePainter {
  readonly #axis: HTMLCanvasElement;
  readonly #lanes: HTMLCanvasElement;
  readonly #controller: TimelineController;
  #picture: TimelinePicture;
  #theme: TimelineTheme;
  #frame = 0;
  #drawnFrom = Number.NaN;
  #isDirty = true;
  #stopWatching: readonly (() => void)[] = [];

  constructor(parts: {
    readonly axis: HTMLCanvasElement;
    readonly lanes: HTMLCanvasElement;
    readonly controller: TimelineController;
    readonly picture: TimelinePicture;
  }) {
    this.#axis = parts.axis;
    this.#lanes = parts.lanes;
    this.#controller = parts.controller;
    this.#picture = parts.picture;
    this.#theme = readTimelineTheme(parts.axis);
  }

  start(): void {
    const stopTheme = watchTheme(() => {
      this.#theme = readTimelineTheme(this.#axis);
      this.request();
    });
    const onVisibility = () => this.request();
    document.addEventListener('visibilitychange', onVisibility);
    this.#stopWatching = [
      stopTheme,
      () => document.removeEventListener('visibilitychange', onVisibility),
      this.#controller.onMove(() => this.request()),
    ];
    this.request();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const stop of this.#stopWatching) stop();
    this.#stopWatching = [];
  }

  show(picture: TimelinePicture): void {
    this.#picture = picture;
    this.#isDirty = true;
    this.request();
  }

  request(): void {
    if (this.#frame !== 0 || document.hidden) return;
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    // The frame counts as pending while the clock moves the view: that must not ask for a second one.
    this.#controller.tick();
    this.#frame = 0;
    const geometry = this.#geometry();
    const pxPerMs = geometry.width / (geometry.range.to - geometry.range.from);
    const movedPx = Math.abs(geometry.range.from - this.#drawnFrom) * pxPerMs;
    const isMoved = !(movedPx < STEP_PX);
    if (this.#isDirty || isMoved || !this.#controller.isFollowing) this.#draw(geometry);
    if (this.#controller.isFollowing) this.request();
  }

  #draw(geometry: Geometry): void {
    this.#isDirty = false;
    this.#drawnFrom = geometry.range.from;
    const { timeline, dots, arcs, hoveredId, selectedId, selection, isUtc } = this.#picture;
    const scene: TimelineScene = {
      geometry,
      theme: this.#theme,
      ticks: timeTicks(geometry.range, geometry.width, isUtc),
      timeline,
      dots,
      arcs,
      hoveredId,
      selectedId,
      selection,
      now: Date.now(),
    };
    const axis = prepare(this.#axis, geometry.width, AXIS_HEIGHT);
    if (axis) drawAxis(axis, scene);
    const lanes = prepare(this.#lanes, geometry.width, geometry.height);
    if (lanes) drawLanes(lanes, scene);
  }

  #geometry(): Geometry {
    const { lanes, laneHeight, width, height } = this.#picture;
    return {
      width: Math.max(1, width),
      height: Math.max(1, height),
      laneHeight,
      range: this.#controller.range,
      lanes,
      laneIndex: new Map(lanes.map((lane, index) => [lane, index])),
    };
  }
}

const prepare = (
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null => {
  const ratio = Math.min(PIXEL_RATIO_MAX, devicePixelRatio);
  const pixelWidth = Math.round(width * ratio);
  const pixelHeight = Math.round(height * ratio);
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
};
