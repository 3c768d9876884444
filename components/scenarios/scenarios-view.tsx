'use client';
import { useQuery } from '@tanstack/react-query';
import { EmptyState } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { SkeletonRows } from '#components/ui/skeleton.tsx';
import { ApiError } from '#lib/api/client.ts';
import { scenariosQuery } from '#lib/queries/scenarios.ts';
import { ScenarioCard } from './scenario-card.tsx';

/** The sample systems: start, load and break them. */
export function ScenariosView() {
  const query = useQuery(scenariosQuery());
  if (query.data === undefined && query.error) {
    return (
      <ErrorState
        title="The scenarios cannot be read"
        detail={query.error.message}
        reference={query.error instanceof ApiError ? query.error.reference : undefined}
        onRetry={() => void query.refetch()}
        busy={query.isFetching}
      />
    );
  }
  if (query.data === undefined) return <SkeletonRows count={3} rowClassName="h-48" />;
  if (query.data.length === 0) {
    return (
      <EmptyState kind="not-enabled" title="This server ships no scenarios">
        A folder under <code>server/scenarios/</code> is one; see the shop for how it is written.
      </EmptyState>
    );
  }
  return (
    <div className="h-full overflow-auto">
      <div className="mx-auto flex max-w-4xl flex-col gap-4 p-4">
        <p className="text-s text-text-2">
          Each scenario is a small system written with what every user of Weir has. Start it, load
          it, break it, repair it; everything it does is real traffic through the log.
        </p>
        {query.data.map((scenario) => (
          <ScenarioCard key={scenario.name} scenario={scenario} />
        ))}
      </div>
    </div>
  );
}
