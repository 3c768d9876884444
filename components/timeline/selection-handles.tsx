'use client';

import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react';
import { clampRange, rangeBetween, spanOf, type TimeRange, timeAt, xOf } from './time-range.ts';
import { type TimelineController } from './timeline-controller.ts';

type Edge = 'from' | 'to';

type HandlesProps = {
  readonly selection: TimeRange;
  readonly controller: TimelineController;
  readonly onChange: (selection: TimeRange) => void;
  readonly onCommit: (selection: TimeRange) => void;
};

/** Steps of a key press, as shares of the range in view. */
const STEP = 0.005;
const BIG_STEP = 0.05;
const KEY_STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  PageDown: -BIG_STEP,
  PageUp: BIG_STEP,
};

const moved = (selection: TimeRange, edge: Edge, time: number): TimeRange =>
  edge === 'from' ? rangeBetween(time, selection.to) : rangeBetween(selection.from, time);

const capture = (event: PointerEvent<HTMLDivElement>) =>
  event.currentTarget.setPointerCapture(event.pointerId);

/** The two ends of the chosen range: dragged with the pointer, or moved with the arrow keys. */
export const SelectionHandles = (props: HandlesProps) => (
  <>
    <Handle {...props} edge="from" label="Start of the range" />
    <Handle {...props} edge="to" label="End of the range" />
  </>
);

const Handle = (props: HandlesProps & { readonly edge: Edge; readonly label: string }) => {
  const { selection, controller, edge, onChange, onCommit } = props;
  const element = useRef<HTMLDivElement>(null);
  const time = selection[edge];

  useEffect(() => {
    const place = () => {
      const parent = element.current?.parentElement;
      if (!element.current || !parent) return;
      const x = xOf(controller.range, time, parent.clientWidth);
      element.current.style.transform = `translateX(${x - 8}px)`;
      element.current.style.visibility =
        x < -8 || x > parent.clientWidth + 8 ? 'hidden' : 'visible';
    };
    place();
    return controller.onMove(place);
  }, [controller, time]);

  const timeOf = (event: PointerEvent<HTMLDivElement>): number => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    return timeAt(controller.range, event.clientX - (box?.left ?? 0), box?.width ?? 1);
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onChange(moved(selection, edge, timeOf(event)));
  };
  const onPointerUp = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onCommit(moved(selection, edge, timeOf(event)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = KEY_STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const by = step * (event.shiftKey ? 10 : 1) * spanOf(clampRange(controller.range));
    onCommit(moved(selection, edge, time + by));
  };

  return (
    <div
      ref={element}
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuenow={Math.round(time)}
      aria-valuemin={Math.round(edge === 'from' ? time - spanOf(selection) : selection.from)}
      aria-valuemax={Math.round(edge === 'from' ? selection.to : time + spanOf(selection))}
      aria-valuetext={new Date(time).toISOString()}
      onPointerDown={capture}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onKeyDown={onKeyDown}
      className="group absolute inset-y-0 left-0 z-10 w-4 cursor-ew-resize touch-none outline-none"
    >
      <span className="sticky top-[calc(50%-16px)] mx-auto mt-4 block h-8 w-2 rounded-s bg-accent group-focus-visible:ring-3 group-focus-visible:ring-accent/50" />
    </div>
  );
};
