'use client';

import { useRouter } from 'next/navigation';
import { useEffect, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { ApiError } from '#lib/api/client.ts';
import { useViewStore } from '#lib/state/view-store.ts';
import { EventPanel } from './event-panel.tsx';
import { RangePanel } from './range-panel.tsx';
import { ReplayDialog } from './replay-dialog.tsx';
import { startView } from './start-view.ts';
import { middleOf, spanOf, type TimeRange } from './time-range.ts';
import { TimelineCanvas } from './timeline-canvas.tsx';
import { type SettledView, TimelineController } from './timeline-controller.ts';
import { countInRange, type LaneKind, totalOf } from './timeline-lanes.ts';
import { TimelineTable } from './timeline-table.tsx';
import { TimelineToolbar, viewSummary } from './timeline-toolbar.tsx';
import { type HoveredHit } from './timeline-tooltip.tsx';
import { type TimelineData, useArcs, useTimelineData } from './use-timeline-data.ts';
import { useTimelineUrl } from './use-timeline-url.ts';

const URL_SPAN_STEP_MS = 1;
const TABLE_TICK_MS = 1_000;
const LANE_NOTE: Readonly<Record<LaneKind, string>> = {
  topic: 'events',
  type: 'events',
  consumer: 'handled',
};

/** What happened when: zoomable lanes, causes and effects, and from a chosen range to a replay. */
export const TimelineView = () => {
  const [url, setUrl] = useTimelineUrl();
  const [controller] = useState(() => new TimelineController(startView(url, Date.now())));
  useEffect(() => controller.stop, [controller]);
  useRangeInUrl(controller, setUrl);
  return <TimelineRoom key={url.lanes} controller={controller} kind={url.lanes} />;
};

const spanInUrl = (range: TimeRange): number =>
  Math.max(URL_SPAN_STEP_MS, Math.round(spanOf(range)));

const viewKey = ({ range, isFollowing }: SettledView): string =>
  isFollowing ? `live ${spanInUrl(range)}` : `${range.from} ${range.to}`;

/** The URL follows the view once it has settled; while following the clock only the span is kept. */
const useRangeInUrl = (
  controller: TimelineController,
  setUrl: ReturnType<typeof useTimelineUrl>[1],
) => {
  useEffect(() => {
    // The view one comes with is in the address already; writing it again could undo a jump elsewhere.
    let written = viewKey(controller.settled());
    return controller.onSettle(() => {
      const { range, isFollowing } = controller.settled();
      const span = spanInUrl(range);
      const next = viewKey({ range, isFollowing });
      if (next === written) return;
      written = next;
      void setUrl(
        isFollowing
          ? { from: null, to: null, span }
          : { from: new Date(range.from), to: new Date(range.to), span: null },
      );
    });
  }, [controller, setUrl]);
};

/** The chart's loop moves the view with the clock; the table needs it once a second. */
const useClock = (controller: TimelineController, isNeeded: boolean) => {
  useEffect(() => {
    if (!isNeeded) return undefined;
    const timer = setInterval(controller.tick, TABLE_TICK_MS);
    return () => clearInterval(timer);
  }, [controller, isNeeded]);
};

const useSelection = () => {
  const [url, setUrl] = useTimelineUrl();
  const [draft, setDraft] = useState<TimeRange | null>(null);
  const kept =
    url.selFrom && url.selTo ? { from: url.selFrom.getTime(), to: url.selTo.getTime() } : null;
  return {
    selection: draft ?? kept,
    draw: setDraft,
    keep: (selection: TimeRange | null) => {
      setDraft(null);
      void setUrl({
        selFrom: selection && new Date(Math.floor(selection.from)),
        selTo: selection && new Date(Math.ceil(selection.to)),
      });
    },
  };
};

const countOf = (data: TimelineData, selection: TimeRange | null): number => {
  if (selection === null) return 0;
  if (data.dots !== null) {
    const isInside = (at: number) => at >= selection.from && at <= selection.to;
    return data.events.filter((event) => isInside(Date.parse(event.recordedAt))).length;
  }
  return data.timeline ? totalOf(countInRange(data.timeline, selection)) : 0;
};

const TimelineRoom = ({ controller, kind }: { controller: TimelineController; kind: LaneKind }) => {
  const [url, setUrl] = useTimelineUrl();
  const router = useRouter();
  const [width, setWidth] = useState(0);
  const [hovered, setHovered] = useState<HoveredHit | null>(null);
  const [isBrushing, setBrushing] = useState(false);
  const [isReplaying, setReplaying] = useState(false);
  const isUtc = useViewStore((view) => view.timeDisplay) === 'utc';
  const data = useTimelineData(controller, kind, width);
  const { selection, draw, keep } = useSelection();
  useClock(controller, url.view === 'table');
  const hoveredId = hovered?.hit.kind === 'event' ? hovered.hit.dot.id : null;
  const arcs = useArcs(data, kind, { hovered: hoveredId, selected: url.id });

  useShortcut('Escape', () => (selection ? keep(null) : void setUrl({ id: null })), {
    label: 'Clear the range or the event',
    group: 'Timeline',
    isEnabled: (selection !== null || url.id !== null) && !isReplaying,
  });

  return (
    <div className="flex size-full min-h-0 flex-col">
      <TimelineToolbar
        controller={controller}
        data={data}
        kind={kind}
        onKind={(lanes) => void setUrl({ lanes, id: null })}
        mode={url.view}
        onMode={(view) => void setUrl({ view })}
        isBrushing={isBrushing}
        onBrushing={setBrushing}
        onChooseMiddle={() => keep(middleOf(controller.range))}
      />
      {data.timeline ? <LiveRegion text={viewSummary(data)} /> : null}
      <div className="relative flex min-h-0 flex-1 flex-col">
        {url.view === 'table' ? (
          <TimelineTable data={data} kind={kind} onWidth={setWidth} />
        ) : (
          <TimelineCanvas
            controller={controller}
            data={data}
            laneNote={LANE_NOTE[kind]}
            arcs={arcs}
            selectedId={url.id}
            selection={selection}
            isBrushing={isBrushing}
            isUtc={isUtc}
            hovered={hovered}
            onHover={setHovered}
            onSelect={(id) => void setUrl({ id })}
            onOpen={(id) => router.push(`/events?id=${encodeURIComponent(id)}`)}
            onBrush={draw}
            onBrushEnd={(range) => {
              keep(range);
              setBrushing(false);
            }}
            onResize={setWidth}
          />
        )}
        <TimelineFaces data={data} controller={controller} />
      </div>
      {url.id === null ? null : (
        <EventPanel id={url.id} arcs={arcs.length} onClear={() => void setUrl({ id: null })} />
      )}
      {selection ? (
        <RangePanel
          selection={selection}
          count={countOf(data, selection)}
          isExact={data.dots !== null}
          onReplay={() => setReplaying(true)}
          onZoom={() => controller.show(selection)}
          onClear={() => keep(null)}
        />
      ) : null}
      {isReplaying && selection ? (
        <ReplayDialog range={selection} target={url.target} onClose={() => setReplaying(false)} />
      ) : null}
    </div>
  );
};

/** What stands in for the lanes while there are none: loading, failed, nothing here, nothing ever. */
const TimelineFaces = ({
  data,
  controller,
}: {
  data: TimelineData;
  controller: TimelineController;
}) => {
  if (data.error && !data.timeline)
    return (
      <div className="absolute inset-0 bg-bg">
        <ErrorState
          title="The timeline cannot be read"
          detail={data.error.message}
          reference={data.error instanceof ApiError ? data.error.reference : undefined}
          onRetry={data.refetch}
          busy={data.isFetching}
        />
      </div>
    );
  if (!data.timeline)
    return (
      <div
        role="status"
        aria-label="Loading the timeline"
        className="absolute inset-x-0 top-10 p-4"
      >
        {['a', 'b', 'c', 'd'].map((key) => (
          <Skeleton key={key} className="mb-6 h-12" />
        ))}
      </div>
    );
  if (data.total > 0) return null;
  return <NothingInView data={data} controller={controller} />;
};

const NothingInView = ({
  data,
  controller,
}: {
  data: TimelineData;
  controller: TimelineController;
}) => {
  const { first, last } = data.timeline ?? {};
  if (!first || !last)
    return (
      <div className="absolute inset-0 bg-bg">
        <EmptyState kind="nothing-exists" title="No event has been recorded yet">
          Publish one, or start the sample shop on the topology page: it appears here within a
          second.
        </EmptyState>
      </div>
    );
  const show = () => {
    const half = spanOf(controller.range) / 2;
    const at = Date.parse(last);
    controller.show({ from: at - half, to: at + half });
  };
  const showAll = () => {
    const margin = (Date.parse(last) - Date.parse(first)) * 0.03 + 500;
    controller.show({ from: Date.parse(first) - margin, to: Date.parse(last) + margin });
  };
  return (
    <div className="pointer-events-none absolute inset-x-0 top-1/3 flex justify-center">
      <div className="pointer-events-auto flex items-center gap-2 rounded-m border border-line bg-surface px-3 py-2 text-s text-text-2 shadow-raised">
        Nothing was recorded in this range.
        <Button onClick={show}>Show the newest event</Button>
        <Button onClick={showAll}>Show everything</Button>
      </div>
    </div>
  );
};
