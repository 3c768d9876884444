'use client';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import Link from 'next/link';
import { useQueryState } from 'nuqs';
import { useRef, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { Input } from '#components/ui/input.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type Subscription } from '#contracts/subscription.ts';
import { formatPlural } from '#lib/format/number.ts';
import { subscriptionsQuery } from '#lib/queries/subscriptions.ts';
import { queryTextParam } from '#lib/state/url-state.ts';
import { MEDIA, useMediaQuery } from '#lib/state/use-media-query.ts';
import { consumerState, STATE_LABEL, severityOf } from './consumer-state.ts';
import { ConsumersCards } from './consumers-cards.tsx';
import { sortParam } from './consumers-sort.ts';
import { ConsumersTable } from './consumers-table.tsx';
import { NewSubscriptionDialog } from './new-subscription-dialog.tsx';
import { QueryTrouble, StaleNote } from './query-trouble.tsx';
import { useConsumerActions } from './use-consumer-actions.ts';
import { useRowKeys } from './use-row-keys.ts';

const NONE: readonly Subscription[] = [];

/** Who handles what, how fast, and where it hurts: worst first. */
export function ConsumersView() {
  const [text, setText] = useQueryState('q', queryTextParam);
  const [isMaking, setMaking] = useState(false);
  const filter = useRef<HTMLInputElement>(null);
  const query = useQuery(subscriptionsQuery());
  const all = query.data ?? NONE;
  const rows = worstFirst(all.filter((one) => matches(one, text)));
  useShortcut('/', () => filter.current?.focus(), { label: 'Filter', group: 'Consumers' });
  const trouble = query.error
    ? { error: query.error, isFetching: query.isFetching, onRetry: () => void query.refetch() }
    : null;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2">
        <Input
          ref={filter}
          type="search"
          aria-label="Filter by name, topic, state or scenario"
          placeholder="Filter by name, topic, state"
          value={text}
          onChange={(event) => void setText(event.target.value || null)}
          onKeyDown={(event) => {
            // Done with typing: j, k and Enter go to the rows.
            if (event.key === 'Enter') event.currentTarget.blur();
          }}
          className="h-7 max-w-72"
        />
        <span className="text-s whitespace-nowrap text-text-3 max-sm:hidden">
          {summaryOf(all, rows)}
        </span>
        <Button className="ml-auto" onClick={() => setMaking(true)}>
          <Plus aria-hidden />
          New subscription
        </Button>
      </div>
      <LiveRegion text={summaryOf(all, rows)} />
      {trouble && query.data ? <StaleNote {...trouble} readAt={query.dataUpdatedAt} /> : null}
      <div className="min-h-0 flex-1 overflow-auto">
        {query.isPending ? (
          <div className="px-4 py-2">
            <SkeletonRows count={10} />
          </div>
        ) : null}
        {trouble && !query.data ? <QueryTrouble {...trouble} what="the consumers" /> : null}
        {query.data && all.length === 0 ? <NoConsumers onMake={() => setMaking(true)} /> : null}
        {all.length > 0 && rows.length === 0 ? (
          <EmptyState
            kind="filtered-out"
            title={`None of ${formatPlural(all.length, 'consumer')} matches “${text}”`}
            action={<Button onClick={() => void setText(null)}>Show all</Button>}
          />
        ) : null}
        {rows.length > 0 ? <ConsumerRows rows={rows} /> : null}
      </div>
      {isMaking ? <NewSubscriptionDialog existing={all} onClose={() => setMaking(false)} /> : null}
    </div>
  );
}

function ConsumerRows({ rows }: { rows: readonly Subscription[] }) {
  const [sort, setSort] = useQueryState('sort', sortParam);
  const isNarrow = useMediaQuery(MEDIA.narrow);
  const actions = useConsumerActions();
  const selectedName = useRowKeys();
  return isNarrow ? (
    <ConsumersCards rows={rows} selectedName={selectedName} actions={actions} />
  ) : (
    <ConsumersTable
      rows={rows}
      sort={sort}
      onSort={(next) => void setSort(next)}
      selectedName={selectedName}
      actions={actions}
    />
  );
}

function NoConsumers({ onMake }: { onMake: () => void }) {
  return (
    <EmptyState
      kind="nothing-exists"
      title="Nobody listens yet"
      action={
        <Button variant="primary" onClick={onMake}>
          New subscription
        </Button>
      }
    >
      A subscription names the events it wants; Weir keeps its place in the log, retries what fails
      and sets aside what keeps failing. Start a <Link href="/scenarios">scenario</Link> to see some
      at work, or make one and receive over HTTP.
    </EmptyState>
  );
}

/** The order of equals in every other sort. */
function worstFirst(rows: readonly Subscription[]): readonly Subscription[] {
  return rows.toSorted(
    (a, b) =>
      severityOf(b) - severityOf(a) ||
      b.deadLetters - a.deadLetters ||
      a.name.localeCompare(b.name),
  );
}

function matches(subscription: Subscription, text: string): boolean {
  const { name, topics, scenario, guarantee } = subscription;
  const state = STATE_LABEL[consumerState(subscription)];
  const haystack = [name, ...topics, scenario ?? '', guarantee, state].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => haystack.includes(word));
}

function summaryOf(all: readonly Subscription[], rows: readonly Subscription[]): string {
  const count =
    rows.length === all.length
      ? formatPlural(all.length, 'consumer')
      : `${rows.length} of ${formatPlural(all.length, 'consumer')}`;
  const bad = rows.filter((one) => {
    const state = consumerState(one);
    return state === 'failing' || state === 'breaker-open';
  }).length;
  return bad > 0 ? `${count}, ${bad} failing` : count;
}
