import { useQuery } from '@tanstack/react-query';
import { type Topology } from '#contracts/topology.ts';
import { topologyQuery } from '#lib/queries/topology.ts';

/** The system's own numbers, once a second; undefined until the first came. */
export function usePulse(): Topology['totals'] | undefined {
  return useQuery({ ...topologyQuery(), select: totalsOf }).data;
}

function totalsOf(topology: Topology): Topology['totals'] {
  return topology.totals;
}
