import { type Topology, topologySchema } from '#contracts/topology.ts';
import { type RequestOptions, request } from './client.ts';

/** The graph seen in real traffic of the last `windowSeconds`. */
export function fetchTopology(
  windowSeconds: number,
  signal?: RequestOptions['signal'],
): Promise<Topology> {
  return request(topologySchema, '/topology', { query: { window: windowSeconds }, signal });
}
