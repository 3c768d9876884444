import { type MetricFamily, single } from '#server/engine/metrics/metric-family.ts';

/** What the live feed has done since the start of the process. */
export type LiveCounters = {
  clients: number;
  frames: number;
  events: number;
  dropped: number;
  refused: number;
  lost: number;
};

export const newLiveCounters = (): LiveCounters => ({
  clients: 0,
  frames: 0,
  events: 0,
  dropped: 0,
  refused: 0,
  lost: 0,
});

export function liveFamilies(counters: LiveCounters): MetricFamily[] {
  return [
    single('gauge', 'weir_live_clients', 'Live clients connected.', counters.clients),
    single('counter', 'weir_live_frames_total', 'Frames sent to live clients.', counters.frames),
    single('counter', 'weir_live_events_total', 'Events sent to live clients.', counters.events),
    single(
      'counter',
      'weir_live_events_dropped_total',
      'Events left out of sampled frames.',
      counters.dropped,
    ),
    single(
      'counter',
      'weir_live_clients_refused_total',
      'Handshakes refused for their origin or for lack of room.',
      counters.refused,
    ),
    single(
      'counter',
      'weir_live_clients_lost_total',
      'Clients put out because they were not heard of for 45 s.',
      counters.lost,
    ),
  ];
}
