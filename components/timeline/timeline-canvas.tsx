'use client';

import {
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useEffectEvent,
  useRef,
  useState,
} from 'react';
import { cn } from '#components/ui/cn.ts';
import { formatCount } from '#lib/format/number.ts';
import { type Arc } from './event-dots.ts';
import { hitTest, isSameHit } from './hit-test.ts';
import { SelectionHandles } from './selection-handles.tsx';
import { type TimeRange, timeAt } from './time-range.ts';
import { type TimelineController } from './timeline-controller.ts';
import { AXIS_HEIGHT, laneHeightFor } from './timeline-geometry.ts';
import { attachBrush, attachZoom } from './timeline-gestures.ts';
import { TimelinePainter } from './timeline-painter.ts';
import { type HoveredHit, TimelineTooltip } from './timeline-tooltip.tsx';
import { type TimelineData } from './use-timeline-data.ts';

export type TimelineCanvasProps = {
  readonly controller: TimelineController;
  readonly data: TimelineData;
  readonly laneNote: string;
  readonly arcs: readonly Arc[];
  readonly selectedId: string | null;
  readonly selection: TimeRange | null;
  readonly isBrushing: boolean;
  readonly isUtc: boolean;
  readonly hovered: HoveredHit | null;
  readonly onHover: (hovered: HoveredHit | null) => void;
  readonly onSelect: (eventId: string | null) => void;
  readonly onOpen: (eventId: string) => void;
  readonly onBrush: (selection: TimeRange) => void;
  readonly onBrushEnd: (selection: TimeRange | null) => void;
  readonly onResize: (widthPx: number) => void;
};

const PAN_STEP = 0.15;
const ZOOM_STEP = 1.4;

const useSize = (onResize: (widthPx: number) => void) => {
  const surface = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const report = useEffectEvent(onResize);
  useEffect(() => {
    if (!surface.current || !scroller.current) return undefined;
    const observer = new ResizeObserver(() => {
      const width = surface.current?.clientWidth ?? 0;
      setSize({ width, height: scroller.current?.clientHeight ?? 0 });
      report(width);
    });
    observer.observe(surface.current);
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  return { surface, scroller, size };
};

/** Keeps the painter alive and shows it every new picture. */
const usePainter = (
  props: TimelineCanvasProps,
  geometry: { readonly width: number; readonly height: number; readonly laneHeight: number },
) => {
  const axis = useRef<HTMLCanvasElement>(null);
  const lanes = useRef<HTMLCanvasElement>(null);
  const painter = useRef<TimelinePainter | null>(null);
  const { hovered, data, controller } = props;
  const picture = {
    lanes: data.lanes,
    laneHeight: geometry.laneHeight,
    width: geometry.width,
    height: geometry.height,
    timeline: data.timeline,
    dots: data.dots,
    arcs: props.arcs,
    hoveredId: hovered?.hit.kind === 'event' ? hovered.hit.dot.id : null,
    selectedId: props.selectedId,
    selection: props.selection,
    isUtc: props.isUtc,
  };
  const firstPicture = useEffectEvent(() => picture);
  useEffect(() => {
    if (!axis.current || !lanes.current) return undefined;
    const started = new TimelinePainter({
      axis: axis.current,
      lanes: lanes.current,
      controller,
      picture: firstPicture(),
    });
    painter.current = started;
    started.start();
    return () => {
      started.stop();
      painter.current = null;
    };
  }, [controller]);
  useEffect(() => {
    painter.current?.show(picture);
  });
  return { axis, lanes };
};

const useGestures = (
  props: TimelineCanvasProps,
  element: React.RefObject<HTMLDivElement | null>,
) => {
  const { controller } = props;
  const isBrushing = useEffectEvent(() => props.isBrushing);
  const onBrush = useEffectEvent((range: TimeRange) => props.onBrush(range));
  const onBrushEnd = useEffectEvent((range: TimeRange | null) => props.onBrushEnd(range));
  useEffect(() => {
    if (!element.current) return undefined;
    const brush = {
      isBrushing: () => isBrushing(),
      onBrush: (range: TimeRange) => onBrush(range),
      onBrushEnd: (range: TimeRange | null) => onBrushEnd(range),
    };
    const stopZoom = attachZoom(element.current, controller, brush);
    const stopBrush = attachBrush(element.current, controller, brush);
    return () => {
      stopZoom();
      stopBrush();
    };
  }, [controller, element]);
};

const useKeys = (props: TimelineCanvasProps) => (event: KeyboardEvent) => {
  const { controller, data } = props;
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const first = data.timeline?.first;
  const actions: Record<string, () => void> = {
    ArrowLeft: () => controller.pan(-PAN_STEP),
    ArrowRight: () => controller.pan(PAN_STEP),
    '+': () => controller.zoom(1 / ZOOM_STEP),
    '=': () => controller.zoom(1 / ZOOM_STEP),
    '-': () => controller.zoom(ZOOM_STEP),
    Home: () => {
      const { from, to } = controller.range;
      const start = first ? Date.parse(first) : from;
      controller.show({ from: start, to: start + (to - from) });
    },
    End: controller.follow,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
};

/** Holds the picture still while an event is pointed at, and lets go of what is pointed at when the picture moves. */
const useHold = (props: TimelineCanvasProps) => {
  const { controller, hovered } = props;
  const isHeld = hovered?.hit.kind === 'event';
  const onMove = useEffectEvent(() => {
    if (hovered && !controller.isFollowing) props.onHover(null);
  });
  useEffect(() => {
    controller.hold(isHeld);
    return () => controller.hold(false);
  }, [controller, isHeld]);
  useEffect(() => controller.onMove(() => onMove()), [controller]);
};

const isOnHandle = (event: MouseEvent): boolean =>
  event.target instanceof Element && event.target.closest('[role="slider"]') !== null;

/** Names and counts of the lanes, as text beside the canvas. */
const LaneLabels = ({
  data,
  laneHeight,
  note,
}: {
  data: TimelineData;
  laneHeight: number;
  note: string;
}) => (
  <ul className="pointer-events-none m-0 w-44 shrink-0 list-none p-0 max-sm:absolute max-sm:z-10 max-sm:w-auto">
    {data.lanes.map((lane) => {
      const count = data.counts.get(lane);
      return (
        <li
          key={lane}
          className="flex flex-col overflow-hidden px-3.5 sm:justify-end sm:pb-[14%] max-sm:pt-1"
          style={{ height: laneHeight, paddingBottom: laneHeight * 0.2 }}
        >
          <span className="truncate text-s font-medium tracking-tight max-sm:text-xs" title={lane}>
            {lane}
          </span>
          <span className="truncate text-xs text-text-3 max-sm:hidden">
            <span className="num">{formatCount(count?.total ?? 0)}</span> {note}
            {count && count.failed > 0 ? (
              <span className="num text-fail"> · {formatCount(count.failed)} failed</span>
            ) : null}
          </span>
        </li>
      );
    })}
  </ul>
);

/** The picture: an axis, lanes that scroll when there are many, and what can be done to them with pointer and keys. */
export const TimelineCanvas = (props: TimelineCanvasProps) => {
  const { data, controller, hovered, onHover } = props;
  const { surface, scroller, size } = useSize(props.onResize);
  const laneHeight = laneHeightFor(size.height, data.lanes.length);
  const height = Math.max(laneHeight * data.lanes.length, size.height);
  const { axis, lanes } = usePainter(props, { width: size.width, height, laneHeight });
  useGestures(props, surface);
  useHold(props);
  const onKeyDown = useKeys(props);

  const hitAt = (event: MouseEvent) => {
    const box = surface.current?.getBoundingClientRect();
    const x = event.clientX - (box?.left ?? 0);
    const y = event.clientY - (box?.top ?? 0);
    const geometry = {
      width: size.width,
      height,
      laneHeight,
      range: controller.range,
      lanes: data.lanes,
      laneIndex: new Map(data.lanes.map((lane, index) => [lane, index])),
    };
    return hitTest({ x, y, time: timeAt(controller.range, x, size.width) }, geometry, data);
  };
  const onMove = (event: MouseEvent) => {
    const hit = event.buttons === 0 ? hitAt(event) : null;
    if (isSameHit(hit, hovered?.hit ?? null)) return;
    onHover(hit ? { hit, x: event.clientX, y: event.clientY } : null);
  };
  const onClick = (event: MouseEvent) => {
    if (event.shiftKey || props.isBrushing || isOnHandle(event)) return;
    // What the tooltip names is what is meant, even if the picture has moved under the pointer since.
    const hit = hovered?.hit ?? hitAt(event);
    props.onSelect(hit?.kind === 'event' ? hit.dot.id : null);
  };
  const onDoubleClick = (event: MouseEvent) => {
    const hit = hovered?.hit ?? hitAt(event);
    if (hit?.kind === 'event') props.onOpen(hit.dot.id);
    if (hit?.kind === 'bucket') controller.show({ from: hit.from, to: hit.to });
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex border-b border-line">
        <div className="w-44 shrink-0 max-sm:hidden" />
        <canvas ref={axis} aria-hidden style={{ width: size.width, height: AXIS_HEIGHT }} />
      </div>
      <div
        ref={scroller}
        className="relative min-h-0 flex-1 overflow-x-hidden overflow-y-auto [scrollbar-gutter:stable]"
      >
        <div className="relative flex" style={{ height }}>
          <LaneLabels data={data} laneHeight={laneHeight} note={props.laneNote} />
          {/* The chart takes keys as a whole; its contents are in the table for those who cannot see it. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- role application does interact */}
          <div
            ref={surface}
            role="application"
            // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- panned and zoomed with the keys
            tabIndex={0}
            aria-label="Timeline chart. Arrow keys pan, plus and minus zoom, Home shows the first event, End follows live."
            onKeyDown={onKeyDown}
            onMouseMove={onMove}
            onMouseLeave={() => onHover(null)}
            onClick={onClick}
            onDoubleClick={onDoubleClick}
            className={cn(
              'relative min-w-0 flex-1 touch-none overflow-hidden border-l border-line outline-offset-[-2px] max-sm:border-0',
              props.isBrushing ? 'cursor-crosshair' : 'cursor-grab active:cursor-grabbing',
            )}
          >
            <canvas
              ref={lanes}
              aria-hidden
              className="block"
              style={{ width: size.width, height }}
            />
            {props.selection ? (
              <SelectionHandles
                selection={props.selection}
                controller={controller}
                onChange={props.onBrush}
                onCommit={props.onBrushEnd}
              />
            ) : null}
          </div>
        </div>
      </div>
      {hovered ? <TimelineTooltip {...hovered} /> : null}
    </div>
  );
};
