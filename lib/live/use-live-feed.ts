import { useEffect, useId, useMemo, useSyncExternalStore } from 'react';
import { type EventFilter, eventFilterSchema } from '#contracts/event.ts';
import { EMPTY_FEED_VIEW, LiveFeed, type LiveFeedView } from './live-feed.ts';
import { liveSocket } from './socket.ts';

export type LiveFeedControls = LiveFeedView & {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly toggle: () => void;
  readonly clear: () => void;
};

/**
 * Subscribes to events matching `query` from now on (or after `fromPosition`) while mounted and enabled.
 * `query` is compared by value, so an inline object is fine. A changed query starts an empty feed.
 */
export function useLiveFeed(
  query: EventFilter,
  options: { readonly isEnabled?: boolean; readonly fromPosition?: number | undefined } = {},
): LiveFeedControls {
  const { isEnabled = true, fromPosition } = options;
  const owner = useId();
  const key = JSON.stringify(query);
  const feed = useMemo(
    () => new LiveFeed({ owner, query: eventFilterSchema.parse(JSON.parse(key)), fromPosition }),
    [owner, key, fromPosition],
  );
  useEffect(() => {
    if (!isEnabled) return undefined;
    feed.start(liveSocket());
    return () => feed.stop();
  }, [feed, isEnabled]);

  const view = useSyncExternalStore(feed.subscribe, feed.view, emptyView);
  return {
    ...view,
    pause: feed.pause,
    resume: feed.resume,
    toggle: view.isPaused ? feed.resume : feed.pause,
    clear: feed.clear,
  };
}

function emptyView(): LiveFeedView {
  return EMPTY_FEED_VIEW;
}
