'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { Button } from '#components/ui/button.tsx';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { LiveRegion } from '#components/ui/live-region.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { type Operation } from '#contracts/operation.ts';
import { ApiError } from '#lib/api/client.ts';
import { formatPlural } from '#lib/format/number.ts';
import { operationsQuery } from '#lib/queries/operations.ts';
import { selectedIdParam } from '#lib/state/url-state.ts';
import { OperationCard } from './operation-card.tsx';
import { OperationDrawer } from './operation-drawer.tsx';
import { isActive } from './operation-words.ts';

const KINDS = ['all', 'replay', 'redrive'] as const;

/** Every replay and redrive, newest first, with what can be done about it. */
export function OperationsView() {
  const [kind, setKind] = useQueryState('kind', parseAsStringLiteral(KINDS).withDefault('all'));
  const [id, setId] = useQueryState('id', selectedIdParam);
  const query = useInfiniteQuery(operationsQuery(kind === 'all' ? {} : { kind }));
  const operations = query.data?.pages.flatMap((page) => page.items) ?? [];
  const active = operations.filter(isActive).length;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2">
        <Segmented
          label="Kind of operation"
          value={kind}
          onChange={(next) => void setKind(next)}
          options={[
            { value: 'all', label: 'All' },
            { value: 'replay', label: 'Replays' },
            { value: 'redrive', label: 'Redrives' },
          ]}
        />
        <span className="text-s text-text-3">
          {query.isPending ? '' : `${formatPlural(active, 'operation')} active`}
        </span>
      </div>
      <LiveRegion text={`${formatPlural(active, 'operation')} active`} />
      <div className="min-h-0 flex-1 overflow-auto">
        <OperationList
          operations={operations}
          openId={id}
          onOpen={(next) => void setId(next)}
          isPending={query.isPending}
          isFiltered={kind !== 'all'}
          onShowAll={() => void setKind('all')}
        />
        {query.error ? (
          <ErrorState
            title="The operations cannot be read"
            detail={query.error.message}
            reference={query.error instanceof ApiError ? query.error.reference : undefined}
            onRetry={() => void query.refetch()}
            busy={query.isFetching}
          />
        ) : null}
        {query.hasNextPage ? (
          <div className="p-4 text-center">
            <Button onClick={() => void query.fetchNextPage()} busy={query.isFetchingNextPage}>
              Show older
            </Button>
          </div>
        ) : null}
      </div>
      {id ? <OperationDrawer id={id} onClose={() => void setId(null)} /> : null}
    </div>
  );
}

function OperationList(props: {
  operations: readonly Operation[];
  openId: string | null;
  onOpen: (id: string) => void;
  isPending: boolean;
  isFiltered: boolean;
  onShowAll: () => void;
}) {
  if (props.isPending) return <SkeletonRows count={6} rowClassName="h-24" />;
  if (props.operations.length === 0 && props.isFiltered) {
    return (
      <EmptyState
        kind="filtered-out"
        title="No operation of this kind"
        action={<Button onClick={props.onShowAll}>Show all</Button>}
      />
    );
  }
  if (props.operations.length === 0) {
    return (
      <EmptyState
        kind="nothing-exists"
        title="Nothing has been replayed or redriven"
        action={
          <Button variant="primary" asChild>
            <Link href="/timeline">Choose a range on the timeline</Link>
          </Button>
        }
      >
        A replay delivers a range of history to one consumer again. A redrive gives dead letters
        back to the consumer that failed. Both are listed here with their progress, and go on after
        a restart.
      </EmptyState>
    );
  }
  return props.operations.map((operation) => (
    <OperationCard
      key={operation.id}
      operation={operation}
      isOpen={operation.id === props.openId}
      onOpen={() => props.onOpen(operation.id)}
    />
  ));
}
