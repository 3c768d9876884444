'use client';

import { Minus, Plus, Radio, SquareDashedMousePointer } from 'lucide-react';
import { Button } from '#components/ui/button.tsx';
import { IconButton } from '#components/ui/icon-button.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { spanOf } from './time-range.ts';
import { type TimelineController } from './timeline-controller.ts';
import { type LaneKind } from './timeline-lanes.ts';
import { type TimelineData } from './use-timeline-data.ts';

const ZOOM_STEP = 2;
const MINUTE_MS = 60_000;
const SPANS = [
  { label: '1 min', ms: MINUTE_MS },
  { label: '5 min', ms: 5 * MINUTE_MS },
  { label: '1 h', ms: 60 * MINUTE_MS },
  { label: '1 d', ms: 1_440 * MINUTE_MS },
] as const;

export type TimelineToolbarProps = {
  readonly controller: TimelineController;
  readonly data: TimelineData;
  readonly kind: LaneKind;
  readonly onKind: (kind: LaneKind) => void;
  readonly mode: 'chart' | 'table';
  readonly onMode: (mode: 'chart' | 'table') => void;
  readonly isBrushing: boolean;
  readonly onBrushing: (isBrushing: boolean) => void;
  /** Chooses the middle of the view; its ends are then moved with the arrow keys. */
  readonly onChooseMiddle: () => void;
};

/** What is drawn and how truthful it is: singles, bars, or nothing yet. */
export const viewSummary = (data: TimelineData): string => {
  const span = formatDuration(spanOf(data.view.range));
  const omitted =
    data.lanesOmitted > 0 ? ` · ${formatPlural(data.lanesOmitted, 'lane')} left out` : '';
  const shape = data.dots ? 'each event' : 'bar height ∝ √count';
  return `${formatPlural(data.total, 'event')} in ${span} · ${shape}${omitted}`;
};

const showSpan = (controller: TimelineController, span: number) =>
  controller.zoom(span / spanOf(controller.range));

export const TimelineToolbar = (props: TimelineToolbarProps) => {
  const { controller, data } = props;
  const { isFollowing } = data.view;
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-3.5 py-2.5">
      <Segmented
        label="Lanes by"
        value={props.kind}
        onChange={props.onKind}
        options={[
          { value: 'topic', label: 'Topics' },
          { value: 'type', label: 'Types' },
          { value: 'consumer', label: 'Consumers' },
        ]}
      />
      <Segmented
        label="Show as"
        value={props.mode}
        onChange={props.onMode}
        options={[
          { value: 'chart', label: 'Chart' },
          { value: 'table', label: 'Table' },
        ]}
      />
      <Button
        variant={isFollowing ? 'secondary' : 'primary'}
        aria-pressed={isFollowing}
        onClick={isFollowing ? () => controller.show(controller.range) : controller.follow}
      >
        <Radio className={isFollowing ? 'text-ok' : undefined} />
        {isFollowing ? 'Following live' : 'Follow live'}
      </Button>
      <div className="flex items-center">
        <IconButton label="Zoom out" shortcut="-" onClick={() => controller.zoom(ZOOM_STEP)}>
          <Minus />
        </IconButton>
        <IconButton label="Zoom in" shortcut="+" onClick={() => controller.zoom(1 / ZOOM_STEP)}>
          <Plus />
        </IconButton>
        {SPANS.map((span) => (
          <Button
            key={span.ms}
            variant="ghost"
            className="num px-1.5 max-lg:hidden"
            onClick={() => showSpan(controller, span.ms)}
          >
            {span.label}
          </Button>
        ))}
      </div>
      <span className="num ml-auto text-xs text-text-3 max-sm:order-last max-sm:ml-0">
        {data.timeline ? viewSummary(data) : formatCount(null)}
      </span>
      {props.mode === 'chart' ? (
        <Button
          aria-pressed={props.isBrushing}
          variant={props.isBrushing ? 'primary' : 'secondary'}
          onClick={(event) => {
            // A press of a key has no pointer to draw with.
            if (event.detail === 0) props.onChooseMiddle();
            else props.onBrushing(!props.isBrushing);
          }}
          title="Or hold Shift and drag; by keyboard, move the ends of the range with the arrows"
        >
          <SquareDashedMousePointer />
          Select range
        </Button>
      ) : null}
    </div>
  );
};
