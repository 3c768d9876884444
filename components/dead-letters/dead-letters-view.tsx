'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { cn } from '#components/ui/cn.ts';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { useShortcut } from '#components/ui/use-shortcut.ts';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { type Topology } from '#contracts/topology.ts';
import { formatPlural } from '#lib/format/number.ts';
import { deadLetterGroupsQuery, deadLetterQuery } from '#lib/queries/dead-letters.ts';
import { queryKeys } from '#lib/queries/query-keys.ts';
import { topologyQuery } from '#lib/queries/topology.ts';
import { GroupList } from './group-list.tsx';
import { isFiltered, matchGroups, orderGroups } from './group-order.ts';
import { GroupPanel } from './group-panel.tsx';
import { LetterFilters } from './letter-filters.tsx';
import { type LettersUrl, useLettersUrl } from './use-letters-url.ts';
import { usePaneCount } from './use-pane-count.ts';

const NO_GROUPS: readonly DeadLetterGroup[] = [];

/** What was given up on, by cause: understand it, cure it, give it back. */
export function DeadLettersView() {
  const url = useLettersUrl();
  const panes = usePaneCount();
  const read = useQuery(deadLetterGroupsQuery());
  const groups = read.data ?? NO_GROUPS;
  const shown = matchGroups(orderGroups(groups), url.filter);
  const fingerprint = useOpenGroup(url, shown, panes);
  const group = groups.find((one) => one.fingerprint === fingerprint);
  const isUnknown = read.isSuccess && fingerprint !== null && !group;
  const isListAlone = panes === 1 || (!read.isPending && shown.length === 0 && !group);
  const waiting = shown.reduce((sum, one) => sum + one.open, 0);
  useFreshLetters();
  useShortcut('Escape', () => closeStep(url), {
    label: 'Close what is open',
    group: 'Dead letters',
  });
  return (
    <div className="flex h-full min-h-0">
      <LiveRegion
        text={`${formatPlural(waiting, 'open letter')} in ${formatPlural(shown.length, 'group')}`}
      />
      <section
        aria-label="Groups"
        className={cn(
          'flex min-h-0 flex-col border-line',
          isListAlone ? 'w-full' : 'w-[clamp(300px,28vw,400px)] shrink-0 border-r',
          panes === 1 && fingerprint !== null && 'hidden',
        )}
      >
        <LetterFilters groups={groups} filter={url.filter} onChange={url.setFilter} />
        <GroupList
          groups={shown}
          isFiltered={isFiltered(url.filter)}
          openKey={fingerprint}
          onOpen={url.openGroup}
          onClearFilter={() => url.setFilter({ subscription: null, status: null, type: null })}
        />
      </section>
      {group ? (
        <GroupPanel
          key={[group.fingerprint, url.filter.status, url.filter.type].join()}
          group={group}
          url={url}
          panes={panes}
        />
      ) : null}
      {read.isPending && panes > 1 ? (
        <div className="flex-1 p-4">
          <SkeletonRows count={5} rowClassName="h-9" />
        </div>
      ) : null}
      {isUnknown ? (
        <EmptyState
          kind="filtered-out"
          title="This group is not here"
          className="flex-1"
          action={<Button onClick={() => url.openGroup(null)}>Show all groups</Button>}
        >
          It has no letters any more, or the link is from another Weir.
        </EmptyState>
      ) : null}
    </div>
  );
}

/**
 * The group in the address, else that of the letter in the address. With room beside the list the first group opens by itself,
 * and stays although live counts may change the order.
 */
function useOpenGroup(url: LettersUrl, shown: readonly DeadLetterGroup[], panes: number) {
  const [first, setFirst] = useState<string | null>(null);
  const isAlone = url.group === null && url.letterId !== null;
  const letter = useQuery({
    ...deadLetterQuery(url.letterId ?? ''),
    enabled: isAlone,
    refetchInterval: false,
  });
  const isFirstShown = shown.some((group) => group.fingerprint === first);
  const top = shown[0]?.fingerprint ?? null;
  if (!isFirstShown && top !== first) setFirst(top);
  if (url.group !== null) return url.group;
  // A letter that cannot be read says so itself, beside any group.
  if (isAlone) return letter.data?.fingerprint ?? (letter.errorUpdateCount > 0 ? top : null);
  return panes === 1 ? null : first;
}

/** Letters are read again when the number of dead letters in the live figures changes. */
function useFreshLetters(): void {
  const client = useQueryClient();
  const count = useQuery({ ...topologyQuery(), select: lettersOf }).data;
  useEffect(() => {
    if (count === undefined) return;
    void client.invalidateQueries(
      { queryKey: queryKeys.deadLetters.all },
      { cancelRefetch: false },
    );
  }, [client, count]);
}

const lettersOf = (topology: Topology): number => topology.totals.deadLetters;

function closeStep(url: LettersUrl): void {
  if (url.letterId !== null) url.closeLetter();
  else if (url.group !== null) url.openGroup(null);
}
