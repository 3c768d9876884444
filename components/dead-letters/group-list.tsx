'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { VirtualList } from '#components/ui/virtual-list.tsx';
import { type DeadLetterGroup } from '#contracts/dead-letter.ts';
import { deadLetterGroupsQuery } from '#lib/queries/dead-letters.ts';
import { GROUP_ROW_HEIGHT, GroupRow } from './group-row.tsx';
import { RefusedState } from './refused-state.tsx';

const SKELETONS = ['first', 'second', 'third', 'fourth', 'fifth'];

/** Failures by cause, what is open first. */
export function GroupList(props: {
  groups: readonly DeadLetterGroup[];
  isFiltered: boolean;
  openKey: string | null;
  onOpen: (fingerprint: string) => void;
  onClearFilter: () => void;
}) {
  const query = useQuery(deadLetterGroupsQuery());
  if (query.isPending) return <GroupSkeletons />;
  if (!query.data) {
    return (
      <RefusedState
        what="the dead letters"
        error={query.error}
        onRetry={() => void query.refetch()}
        busy={query.isFetching}
      />
    );
  }
  return (
    <>
      {query.error ? (
        <p
          role="alert"
          className="flex items-center gap-2 border-b border-line px-3 py-1.5 text-s text-slow"
        >
          <span className="min-w-0 flex-1 truncate" title={query.error.message}>
            Not up to date: {query.error.message}
          </span>
          <Button variant="ghost" onClick={() => void query.refetch()} busy={query.isFetching}>
            Try again
          </Button>
        </p>
      ) : null}
      {props.groups.length === 0 ? (
        <NoGroups isFiltered={props.isFiltered} onClearFilter={props.onClearFilter} />
      ) : (
        <VirtualList
          label="Causes of dead letters"
          items={props.groups}
          rowHeight={GROUP_ROW_HEIGHT}
          getKey={(group) => group.fingerprint}
          renderRow={(group) => <GroupRow group={group} />}
          onOpen={(group) => props.onOpen(group.fingerprint)}
          openKey={props.openKey}
          className="flex-1"
        />
      )}
    </>
  );
}

function NoGroups(props: { isFiltered: boolean; onClearFilter: () => void }) {
  if (props.isFiltered) {
    return (
      <EmptyState
        kind="filtered-out"
        title="No dead letter matches the filters"
        action={<Button onClick={props.onClearFilter}>Clear the filters</Button>}
      />
    );
  }
  return (
    <EmptyState
      kind="nothing-exists"
      title="No dead letters"
      action={
        <Button variant="primary" asChild>
          <Link href="/scenarios">Break a consumer to see one</Link>
        </Button>
      }
    >
      Everything that was delivered has been handled. An event lands here when its consumer has
      failed at it and at all its retries, or at once when the error says that trying again is of no
      use. It stays until it is retried with success or discarded with a reason.
    </EmptyState>
  );
}

function GroupSkeletons() {
  return (
    <div role="status" aria-label="Loading the dead letters" data-empty="not-loaded">
      {SKELETONS.map((key) => (
        <div
          key={key}
          className="flex flex-col justify-center gap-2 border-b border-line px-4"
          style={{ height: GROUP_ROW_HEIGHT }}
        >
          <Skeleton className="h-4 w-1/2" />
          <Skeleton className="h-3 w-2/3" />
          <Skeleton className="h-3 w-5/6" />
        </div>
      ))}
    </div>
  );
}
