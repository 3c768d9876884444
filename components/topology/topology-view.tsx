'use client';

import { ErrorState } from '#components/ui/error-state.tsx';
import { ApiError } from '#lib/api/client.ts';
import { TopologyEmpty } from './topology-empty.tsx';
import { TopologyRoom } from './topology-room.tsx';
import { TopologySkeleton } from './topology-skeleton.tsx';
import { useTopologyLive } from './use-topology-live.ts';

/** What talks to what, how fast, and where it hurts. */
export const TopologyView = () => {
  const live = useTopologyLive();
  const { topology, error } = live;
  if (!topology && error)
    return (
      <ErrorState
        title="The topology cannot be read"
        detail={error.message}
        reference={error instanceof ApiError ? error.reference : undefined}
        onRetry={live.refetch}
        busy={live.isFetching}
      />
    );
  if (!topology) return <TopologySkeleton />;
  if (topology.nodes.length === 0) return <TopologyEmpty />;
  return <TopologyRoom live={live} topology={topology} />;
};
