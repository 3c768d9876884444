import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState, useSyncExternalStore } from 'react';
import { type StoredEvent } from '#contracts/event.ts';
import { type Timeline } from '#contracts/timeline.ts';
import { eventCausationQuery } from '#lib/queries/events.ts';
import { timelineQuery } from '#lib/queries/timeline.ts';
import { recordedEventsQuery } from '#lib/queries/timeline-events.ts';
import { bucketWindow, CONSUMER_BUCKET_MS, tilesFor } from './bucket-size.ts';
import { type Arc, arcsAround, arcsOfCausation, type EventDots, indexDots } from './event-dots.ts';
import { reachesNow, spanOf } from './time-range.ts';
import { type SettledView, type TimelineController } from './timeline-controller.ts';
import {
  countInRange,
  type LaneCount,
  type LaneKind,
  orderLanes,
  totalOf,
} from './timeline-lanes.ts';

/** Up to this many events in view are drawn one by one. */
export const MAX_DOTS = 2_000;
/** On a narrow screen fewer: dots that cover each other say less than a bar. */
const MAX_DOTS_PER_PX = 2;
/** Lanes beyond this are left out; the toolbar says so. */
export const MAX_LANES = 80;
const REFRESH_SHORT_MS = 1_000;
const REFRESH_LONG_MS = 10_000;
const LONG_SPAN_MS = 30 * 60_000;

export type TimelineData = {
  readonly view: SettledView;
  readonly timeline: Timeline | undefined;
  readonly lanes: readonly string[];
  readonly lanesOmitted: number;
  readonly counts: ReadonlyMap<string, LaneCount>;
  readonly total: number;
  readonly events: readonly StoredEvent[];
  readonly dots: EventDots | null;
  readonly error: Error | null;
  readonly isPending: boolean;
  readonly isFetching: boolean;
  readonly refetch: () => void;
};

const refreshEvery = (view: SettledView): number | false => {
  if (!reachesNow(view.range, Date.now())) return false;
  return spanOf(view.range) > LONG_SPAN_MS ? REFRESH_LONG_MS : REFRESH_SHORT_MS;
};

const useLaneOrder = (timeline: Timeline | undefined): readonly string[] => {
  const [order, setOrder] = useState<readonly string[]>([]);
  const next = orderLanes(order, timeline);
  if (next !== order) setOrder(next);
  return next;
};

const combineTiles = (
  results: readonly { readonly data: readonly StoredEvent[] | undefined }[],
) => ({
  events: results.flatMap((result) => result.data ?? []),
  isComplete: results.every((result) => result.data !== undefined),
});

/** Single events of the view, when there are few enough of them; what was there stays until the next answer is whole. */
const useEvents = (view: SettledView, isWanted: boolean) => {
  const tiles = isWanted ? tilesFor(view.range) : [];
  const { events, isComplete } = useQueries({
    queries: tiles.map(recordedEventsQuery),
    combine: combineTiles,
  });
  const [kept, setKept] = useState(events);
  if (isWanted && isComplete && kept !== events) setKept(events);
  return isComplete ? events : kept;
};

/** Everything the timeline draws, for the range that has settled. */
export const useTimelineData = (
  controller: TimelineController,
  kind: LaneKind,
  widthPx: number,
): TimelineData => {
  const view = useSyncExternalStore(controller.onSettle, controller.settled, controller.settled);
  const floorMs = kind === 'consumer' ? CONSUMER_BUCKET_MS : 1;
  const asked = bucketWindow(view.range, widthPx, floorMs);
  const query = useQuery({
    ...timelineQuery({
      after: new Date(asked.from).toISOString(),
      before: new Date(asked.to).toISOString(),
      buckets: asked.buckets,
      lanes: kind,
    }),
    enabled: widthPx > 0,
    refetchInterval: refreshEvery(view),
  });
  const timeline = query.data;
  const allLanes = useLaneOrder(timeline);
  const lanes = useMemo(() => allLanes.slice(0, MAX_LANES), [allLanes]);
  const counts = useMemo(
    () => (timeline ? countInRange(timeline, view.range) : new Map<string, LaneCount>()),
    [timeline, view.range],
  );
  const total = totalOf(counts);
  const isSparse =
    kind !== 'consumer' && total > 0 && total <= Math.min(MAX_DOTS, widthPx * MAX_DOTS_PER_PX);
  const events = useEvents(view, isSparse);
  const dots = useMemo(
    () => (isSparse && events.length > 0 ? indexDots(events, kind, new Set(lanes)) : null),
    [isSparse, events, kind, lanes],
  );
  return {
    view,
    timeline,
    lanes,
    lanesOmitted: allLanes.length - lanes.length,
    counts,
    total,
    events,
    dots,
    error: query.error,
    isPending: query.isPending,
    isFetching: query.isFetching,
    refetch: () => void query.refetch(),
  };
};

const NO_ARCS: readonly Arc[] = [];

/** Arcs of the event under the pointer from what is loaded; of the selected one from the server, the whole flow. */
export const useArcs = (
  data: TimelineData,
  kind: LaneKind,
  ids: { readonly hovered: string | null; readonly selected: string | null },
): readonly Arc[] => {
  const causation = useQuery({
    ...eventCausationQuery(ids.selected ?? ''),
    enabled: ids.selected !== null && kind !== 'consumer',
  }).data;
  const { dots, lanes } = data;
  return useMemo(() => {
    const shown = ids.hovered ?? ids.selected;
    if (dots === null || shown === null) return NO_ARCS;
    if (ids.hovered === null && causation) return arcsOfCausation(causation, kind, new Set(lanes));
    return arcsAround(shown, dots);
  }, [dots, lanes, kind, ids.hovered, ids.selected, causation]);
};
