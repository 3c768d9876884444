'use client';
import { Pause, Play } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { Badge } from '#components/ui/badge.tsx';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { VirtualList } from '#components/ui/virtual-list.tsx';
import { type StoredEvent } from '#contracts/event.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { type LiveFeedControls } from '#lib/live/use-live-feed.ts';
import { EVENT_ROW_HEIGHT, EventColumns, EventRow } from './event-row.tsx';

/** Events as they come, newest first. Space pauses; so does scrolling away from the top. */
export function LiveList(props: {
  feed: LiveFeedControls;
  /** Recent events from before the feed began, newest first. */
  before: readonly StoredEvent[];
  openKey: string | null;
  onOpen: (event: StoredEvent) => void;
  empty: ReactNode;
}) {
  const { feed } = props;
  // A pause by scrolling ends at the top; a pause by hand does not.
  const pausedByScroll = useRef(false);
  useShortcut(' ', feed.toggle, { label: 'Pause or resume the live list', group: 'Events' });
  const onAway = (isAway: boolean) => {
    if (isAway && !feed.isPaused) {
      pausedByScroll.current = true;
      feed.pause();
    } else if (!isAway && pausedByScroll.current) {
      pausedByScroll.current = false;
      feed.resume();
    }
  };
  const items = [...feed.rows, ...props.before];
  const summary = feed.isPaused
    ? `Paused, ${formatPlural(feed.waiting, 'new event')}`
    : `${formatPlural(feed.received, 'event')} received`;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <LiveRegion text={summary} />
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-1.5">
        <Button size="s" onClick={feed.toggle} aria-pressed={feed.isPaused}>
          {feed.isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
          {feed.isPaused ? `Paused · ${formatCount(feed.waiting)} new` : 'Pause'}
        </Button>
        {feed.sampling > 1 ? (
          <Badge tone="slow">showing 1 in {formatCount(Math.round(feed.sampling))}</Badge>
        ) : null}
        {feed.isCatchingUp ? <Badge tone="accent">catching up</Badge> : null}
        {feed.problem ? <span className="text-s text-fail">{feed.problem}</span> : null}
        <span className="num ml-auto text-xs text-text-3">
          {formatCount(feed.received)} received
          {feed.sampledOut > 0 ? ` · ${formatCount(feed.sampledOut)} left out of view` : ''}
        </span>
      </div>
      {items.length === 0 ? (
        props.empty
      ) : (
        <VirtualList
          label="Live events"
          items={items}
          rowHeight={EVENT_ROW_HEIGHT}
          getKey={(event) => String(event.position)}
          renderRow={(event) => <EventRow event={event} />}
          onOpen={props.onOpen}
          openKey={props.openKey}
          onAwayFromTop={onAway}
          header={<EventColumns />}
          footer={
            feed.trimmed > 0 ? (
              <p className="border-t border-dashed border-line-strong px-4 py-2 text-center text-xs text-text-3">
                {formatCount(feed.trimmed)} older rows dropped from view; they are in the log.
              </p>
            ) : null
          }
          className="flex-1"
        />
      )}
    </div>
  );
}

/** Nothing came yet, and why that may be. */
export function LiveEmpty(props: { isFiltered: boolean; action: ReactNode }) {
  return props.isFiltered ? (
    <EmptyState kind="filtered-out" title="No event matches yet" action={props.action}>
      Events that match the query appear here as they are recorded. Search looks through those that
      are stored.
    </EmptyState>
  ) : (
    <EmptyState kind="nothing-exists" title="Nothing has been published" action={props.action}>
      Publish an event with one POST to <code className="num">/api/v1/topics/orders/events</code>,
      or start the sample shop.
    </EmptyState>
  );
}
