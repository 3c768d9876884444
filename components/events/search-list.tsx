'use client';
import { type UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { Button } from '#components/ui/button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { Spinner } from '#components/ui/spinner.tsx';
import { VirtualList } from '#components/ui/virtual-list.tsx';
import { type EventPage, type StoredEvent } from '#contracts/event.ts';
import { ApiError } from '#lib/api/client.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatPlural } from '#lib/format/number.ts';
import { EVENT_ROW_HEIGHT, EventColumns, EventRow } from './event-row.tsx';

type Search = UseInfiniteQueryResult<{ readonly pages: readonly EventPage[] }>;

/** What is stored, newest first, a page at a time as the reader comes near the end. */
export function SearchList(props: {
  search: Search;
  onStop: () => void;
  openKey: string | null;
  onOpen: (event: StoredEvent) => void;
  empty: ReactNode;
}) {
  const { search } = props;
  const pages = search.data?.pages ?? [];
  const items = pages.flatMap((page) => page.items);
  const scanned = pages.reduce((sum, page) => sum + page.scanned, 0);
  const elapsedMs = pages.reduce((sum, page) => sum + page.elapsedMs, 0);
  const more = () => {
    if (search.hasNextPage && !search.isFetching) void search.fetchNextPage();
  };
  const figures = `${formatPlural(items.length, 'event')} · ${formatCount(scanned)} positions read · ${formatDuration(elapsedMs)}`;
  if (search.error && items.length === 0) {
    return (
      <ErrorState
        title="The search failed"
        detail={search.error.message}
        reference={search.error instanceof ApiError ? search.error.reference : undefined}
        onRetry={() => void search.refetch()}
        busy={search.isFetching}
      />
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <LiveRegion text={search.isFetching ? 'Searching' : figures} />
      <div className="num flex flex-wrap items-center gap-2 border-b border-line px-4 py-1.5 text-xs text-text-3">
        {search.isFetching ? <Spinner /> : null}
        <span>{figures}</span>
        {search.error ? <span className="text-fail">{search.error.message}</span> : null}
        <span className="ml-auto">
          <PageControl search={search} onMore={more} onStop={props.onStop} />
        </span>
      </div>
      {search.isPending ? <SkeletonRows count={12} rowClassName="h-8" /> : null}
      {!search.isPending && items.length === 0 && !search.hasNextPage ? props.empty : null}
      {items.length > 0 ? (
        <VirtualList
          label="Events found"
          items={items}
          rowHeight={EVENT_ROW_HEIGHT}
          getKey={(event) => String(event.position)}
          renderRow={(event) => <EventRow event={event} />}
          onOpen={props.onOpen}
          openKey={props.openKey}
          onEndReached={more}
          header={<EventColumns />}
          className="flex-1"
        />
      ) : null}
    </div>
  );
}

function PageControl(props: { search: Search; onMore: () => void; onStop: () => void }) {
  if (props.search.isFetching) {
    return (
      <Button size="s" variant="ghost" onClick={props.onStop}>
        Stop
      </Button>
    );
  }
  if (!props.search.hasNextPage) return <span>end of the results</span>;
  return (
    <Button size="s" variant="ghost" onClick={props.onMore}>
      Continue searching
    </Button>
  );
}
