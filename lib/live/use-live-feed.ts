import { useEffect, useState, useSyncExternalStore } from 'react';
import { type EventFilter } from '#contracts/event.ts';
import { EMPTY_FEED_VIEW, LiveFeed, type LiveFeedView } from './live-feed.ts';
import { liveSocket } from './socket.ts';

export type LiveFeedControls = LiveFeedView & {
  pause(): void;
  resume(): void;
  toggle(): void;
  clear(): void;
};

let nextFeed = 1;

/**
 * Subscribes to events matching `query` from now on (or after `fromPosition`) while mounted and enabled.
 * `query` is compared by value, so an inline object is fine. A changed query starts an empty feed.
 */
export function useLiveFeed(
  query: EventFilter,
  options: { readonly isEnabled?: boolean; readonly fromPosition?: number | undefined } = {},
): LiveFeedControls {
  const { isEnabled = true, fromPosition } = options;
  const key = JSON.stringify(query);
  const [feed, setFeed] = useState<LiveFeed | null>(null);

  useEffect(() => {
    if (!isEnabled) return undefined;
    const started = new LiveFeed({
      socket: liveSocket(),
      id: `feed-${nextFeed}`,
      query: JSON.parse(key),
      fromPosition,
    });
    nextFeed += 1;
    started.start();
    setFeed(started);
    return () => {
      started.stop();
      setFeed(null);
    };
  }, [key, isEnabled, fromPosition]);

  const view = useSyncExternalStore(
    feed?.subscribe ?? subscribeNothing,
    feed?.view ?? emptyView,
    emptyView,
  );
  return {
    ...view,
    pause: () => feed?.pause(),
    resume: () => feed?.resume(),
    toggle: () => (view.isPaused ? feed?.resume() : feed?.pause()),
    clear: () => feed?.clear(),
  };
}

function subscribeNothing(): () => void {
  return () => undefined;
}

function emptyView(): LiveFeedView {
  return EMPTY_FEED_VIEW;
}
