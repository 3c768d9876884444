'use client';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { type EventFilter, type StoredEvent } from '#contracts/event.ts';
import { type EventSearch } from '#lib/api/events.ts';
import { useLiveFeed } from '#lib/live/use-live-feed.ts';
import { eventsQuery } from '#lib/queries/events.ts';
import { queryKeys } from '#lib/queries/query-keys.ts';
import { topicsQuery } from '#lib/queries/topics.ts';
import { formatQueryText } from '#lib/query-language.ts';
import { EventDrawer } from './event-drawer.tsx';
import { ExportMenu } from './export-menu.tsx';
import { LiveEmpty, LiveList } from './live-list.tsx';
import { PublishDialog } from './publish-dialog.tsx';
import { QueryBar } from './query-bar.tsx';
import { SearchList } from './search-list.tsx';
import { useEventsUrl } from './use-events-url.ts';
import { VolumeBar } from './volume-bar.tsx';

/** Find events, and follow them as they come. */
export function EventsView() {
  const url = useEventsUrl();
  const { search } = url.parsed;
  const client = useQueryClient();
  const isLive = url.mode === 'live';
  const [isPublishing, setPublishing] = useState(false);
  const topics = useQuery(topicsQuery());
  const stored = useInfiniteQuery(eventsQuery(search));
  const feed = useLiveFeed(liveFilter(search), { isEnabled: isLive });
  const found = stored.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = isLive ? liveItems(feed.rows, found) : { rows: found, before: found };
  const open = (event: StoredEvent) => url.open(event.id);
  const openPosition = shown.rows.find((event) => event.id === url.openId)?.position;
  const openKey = openPosition === undefined ? null : String(openPosition);
  const step = (direction: 1 | -1) => {
    const next = shown.rows[shown.rows.findIndex((event) => event.id === url.openId) + direction];
    if (next) url.open(next.id);
  };
  const setRange = (range: { after: string; before: string } | null) => {
    const { after: _after, before: _before, ...rest } = search;
    url.apply(formatQueryText({ ...rest, ...range }));
    if (range) url.setMode('search');
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-start gap-2 border-b border-line px-4 py-2">
        <QueryBar
          key={url.text}
          text={url.text}
          known={{
            topics: topics.data?.map((topic) => topic.name) ?? [],
            types: [...new Set(found.map((event) => event.type))],
          }}
          onApply={url.apply}
        />
        <Segmented
          label="How to look"
          value={url.mode}
          onChange={url.setMode}
          className="h-9"
          options={[
            { value: 'live', label: 'Live tail' },
            { value: 'search', label: 'Search' },
          ]}
        />
        <ExportMenu search={search} />
        <Button onClick={() => setPublishing(true)}>
          <Send aria-hidden />
          Publish
        </Button>
      </div>
      <VolumeBar range={search} onRange={setRange} />
      {isLive ? (
        <LiveList
          feed={feed}
          before={shown.before}
          openKey={openKey}
          onOpen={open}
          empty={
            <LiveEmpty
              isFiltered={url.text !== ''}
              action={<Button onClick={() => setPublishing(true)}>Publish an event</Button>}
            />
          }
        />
      ) : (
        <SearchList
          search={stored}
          onStop={() => void client.cancelQueries({ queryKey: queryKeys.events.list(search) })}
          openKey={openKey}
          onOpen={open}
          empty={
            <EmptyState
              kind={url.text === '' ? 'nothing-exists' : 'filtered-out'}
              title={url.text === '' ? 'The log is empty' : 'No stored event matches'}
              action={<Button onClick={() => url.apply('')}>Clear the query</Button>}
            />
          }
        />
      )}
      {url.openId ? (
        <EventDrawer
          id={url.openId}
          onClose={() => url.open(null)}
          onOpen={url.open}
          onStep={step}
          onShowFlow={(correlationId) => {
            url.apply(formatQueryText({ correlationId }));
            url.setMode('search');
          }}
        />
      ) : null}
      <PublishDialog open={isPublishing} onOpenChange={setPublishing} onPublished={url.open} />
    </div>
  );
}

// The live feed follows from now on; ends in time and position are for the search.
function liveFilter(search: EventSearch): EventFilter {
  const { after: _a, before: _b, timeField: _t, direction: _d, limit: _l, ...rest } = search;
  const { fromPosition: _f, toPosition: _p, ...filter } = rest;
  return filter;
}

/** What came since the page was opened, and below it what was stored before, without repeats. */
function liveItems(rows: readonly StoredEvent[], stored: readonly StoredEvent[]) {
  const oldest = rows.at(-1)?.position ?? Number.POSITIVE_INFINITY;
  const before = stored.filter((event) => event.position < oldest);
  return { rows: [...rows, ...before], before };
}
