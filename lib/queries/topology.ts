import { queryOptions } from '@tanstack/react-query';
import { fetchTopology } from '#lib/api/topology.ts';
import { queryKeys } from './query-keys.ts';

export const TOPOLOGY_WINDOW_SECONDS = 10;
const REFRESH_MS = 10_000;

/** The graph as it is now. `stats` frames replace it every second while the socket lives; asking is the backstop. */
export function topologyQuery() {
  return queryOptions({
    queryKey: queryKeys.topology,
    queryFn: ({ signal }) => fetchTopology(TOPOLOGY_WINDOW_SECONDS, signal),
    refetchInterval: REFRESH_MS,
  });
}
