import { select } from 'd3-selection';
import { type D3ZoomEvent, zoom, zoomIdentity } from 'd3-zoom';
import { rangeBetween, reachesNow, spanOf, type TimeRange, timeAt } from './time-range.ts';
import { type TimelineController } from './timeline-controller.ts';

export type BrushHandlers = {
  /** Whether a plain drag draws a range; otherwise Shift is needed. */
  readonly isBrushing: () => boolean;
  readonly onBrush: (range: TimeRange) => void;
  readonly onBrushEnd: (range: TimeRange | null) => void;
};

const WHEEL_PAN_SHARE = 0.0016;
const BRUSH_MIN_PX = 3;
/** Right of this share of the width the pointer points at now. */
const LIVE_ZONE = 0.85;

/** The ends of the chosen range take their own drags. */
const isOnHandle = (event: Event): boolean =>
  event.target instanceof Element && event.target.closest('[role="slider"]') !== null;

const isSideways = (event: WheelEvent): boolean =>
  event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);

/**
 * Wheel and pinch zoom around the pointer, drag pans, sideways wheel pans. d3-zoom reads the gestures; a gesture is measured from
 * the range at its start and begins from nothing each time, so that precision does not wear out between a year and a millisecond.
 */
export const attachZoom = (
  element: HTMLElement,
  controller: TimelineController,
  brush: BrushHandlers,
): (() => void) => {
  let base = controller.range;
  let lastScale = 1;
  const width = () => element.clientWidth;
  const target = select<HTMLElement, unknown>(element);

  /** Zooming close to now, or out from it, goes on following; zooming in on something else stays with that. */
  const keepsFollowing = (event: D3ZoomEvent<HTMLElement, unknown>): boolean => {
    const { k } = event.transform;
    if (!controller.isFollowing || k === lastScale) return false;
    const source: unknown = event.sourceEvent;
    if (k < lastScale || !(source instanceof MouseEvent)) return true;
    const x = source.clientX - element.getBoundingClientRect().left;
    return x > width() * LIVE_ZONE;
  };
  const onZoom = (event: D3ZoomEvent<HTMLElement, unknown>) => {
    const { k, x } = event.transform;
    if (keepsFollowing(event)) {
      controller.zoom(lastScale / k);
      lastScale = k;
      return;
    }
    lastScale = k;
    const span = spanOf(base);
    const from = base.from - (x / k / Math.max(1, width())) * span;
    controller.show({ from, to: from + span / k });
  };
  const onEnd = (event: D3ZoomEvent<HTMLElement, unknown>) => {
    const isDrag = event.transform.k === 1 && event.transform.x !== 0;
    if (isDrag && reachesNow(controller.range, Date.now())) controller.follow();
    target.property('__zoom', zoomIdentity);
  };
  const behaviour = zoom<HTMLElement, unknown>()
    .filter((event: MouseEvent | TouchEvent | WheelEvent) => {
      if (event instanceof WheelEvent) return !isSideways(event);
      if (brush.isBrushing() || event.shiftKey || isOnHandle(event)) return false;
      return !(event instanceof MouseEvent) || event.button === 0;
    })
    .on('start', () => {
      base = controller.range;
      lastScale = 1;
    })
    .on('zoom', onZoom)
    .on('end', onEnd);
  target.call(behaviour).on('dblclick.zoom', null);

  const onWheel = (event: WheelEvent) => {
    if (!isSideways(event)) return;
    event.preventDefault();
    controller.pan((event.deltaX || event.deltaY) * WHEEL_PAN_SHARE);
  };
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    target.on('.zoom', null);
    element.removeEventListener('wheel', onWheel);
  };
};

/** Draws a range with the pointer: Shift and drag, or a plain drag in brush mode. A click without a drag clears it. */
export const attachBrush = (
  element: HTMLElement,
  controller: TimelineController,
  brush: BrushHandlers,
): (() => void) => {
  let anchor: { readonly x: number; readonly time: number } | null = null;

  const timeOf = (event: PointerEvent) => {
    const x = event.clientX - element.getBoundingClientRect().left;
    return { x, time: timeAt(controller.range, x, element.clientWidth) };
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0 || isOnHandle(event)) return;
    if (!brush.isBrushing() && !event.shiftKey) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    anchor = timeOf(event);
  };
  const onMove = (event: PointerEvent) => {
    if (anchor === null) return;
    brush.onBrush(rangeBetween(anchor.time, timeOf(event).time));
  };
  const onUp = (event: PointerEvent) => {
    if (anchor === null) return;
    const end = timeOf(event);
    const isDrawn = Math.abs(end.x - anchor.x) >= BRUSH_MIN_PX;
    brush.onBrushEnd(isDrawn ? rangeBetween(anchor.time, end.time) : null);
    anchor = null;
    swallowClick(element);
  };
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
  };
};

const swallow = (event: Event): void => event.stopPropagation();

/** The click that ends a drag means nothing of its own. */
const swallowClick = (element: HTMLElement): void => {
  element.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => element.removeEventListener('click', swallow, { capture: true }), 0);
};
