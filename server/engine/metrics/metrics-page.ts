import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Subscription } from '#contracts/subscription.ts';
import { type Database } from '#server/storage/database.ts';
import { type Broker, type MetricsPage } from '../engine-parts.ts';
import { type TrafficMeter, type TrafficTotals } from '../flows/traffic.ts';
import { type EventLog } from '../log/event-log.ts';
import { type LatencyHistogram } from './latencies.ts';
import { type MetricFamily, type MetricSample, renderFamilies, single } from './metric-family.ts';

const LOOP_RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

type MetricsDependencies = {
  readonly traffic: Pick<TrafficMeter, 'totals'>;
  readonly broker: Pick<Broker, 'list'>;
  readonly log: Pick<EventLog, 'tailPosition'>;
  readonly database: Pick<Database, 'pool' | 'writers'>;
  readonly version: string;
};

/**
 * What GET /metrics prints. Labels are topics, subscriptions and outcomes only, so that the number of series is bounded.
 * Without a database the figures of the subscriptions are left out and `weir_database_up` is 0.
 */
export function createMetricsPage(deps: MetricsDependencies): MetricsPage {
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  const sources: (() => readonly MetricFamily[])[] = [];

  return {
    addSource: (source) => {
      sources.push(source);
    },
    render: async () => {
      const subscriptions = await deps.broker.list().catch(() => null);
      return renderFamilies([
        buildInfo(deps.version),
        ...trafficFamilies(deps.traffic.totals()),
        single(
          'gauge',
          'weir_log_tail_position',
          'Highest position of the log.',
          deps.log.tailPosition(),
        ),
        ...subscriptionFamilies(subscriptions ?? []),
        single(
          'gauge',
          'weir_database_up',
          'Whether the database answered just now.',
          subscriptions === null ? 0 : 1,
        ),
        poolFamily(deps.database),
        ...processFamilies(loopDelay),
        ...sources.flatMap((source) => source()),
      ]);
    },
  };
}

function buildInfo(version: string): MetricFamily {
  return {
    name: 'weir_build_info',
    help: 'The running version.',
    type: 'gauge',
    samples: [{ labels: { version, node: process.version }, value: 1 }],
  };
}

function trafficFamilies(totals: TrafficTotals): MetricFamily[] {
  const deliveries = [...totals.deliveries];
  const published: MetricSample[] = [...totals.published].map(([topic, value]) => ({
    labels: { topic },
    value,
  }));
  return [
    {
      name: 'weir_events_published_total',
      help: 'Events logged since the start of the process.',
      type: 'counter',
      samples: published,
    },
    {
      name: 'weir_deliveries_total',
      help: 'Attempts at events since the start of the process, by how they ended.',
      type: 'counter',
      samples: deliveries.flatMap(([subscription, total]) =>
        (['handled', 'failed', 'dead'] as const).map((outcome) => ({
          labels: { subscription, outcome },
          value: total[outcome],
        })),
      ),
    },
    {
      name: 'weir_delivery_duration_seconds',
      help: 'How long attempts took.',
      type: 'histogram',
      samples: deliveries.flatMap(([subscription, total]) =>
        histogramSamples(total.latencies, { subscription }),
      ),
    },
    {
      name: 'weir_publish_to_handled_seconds',
      help: 'From an event being logged to a subscription having handled it at the first attempt.',
      type: 'histogram',
      samples: histogramSamples(totals.publishToHandled, {}),
    },
  ];
}

function histogramSamples(
  histogram: LatencyHistogram,
  labels: Readonly<Record<string, string>>,
): MetricSample[] {
  const buckets = histogram.octaves().map(({ upToMs, count }) => ({
    suffix: '_bucket',
    labels: { ...labels, le: String(Number((upToMs / 1_000).toPrecision(6))) },
    value: count,
  }));
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: histogram.total },
    { suffix: '_sum', labels, value: histogram.sumMs / 1_000 },
    { suffix: '_count', labels, value: histogram.total },
  ];
}

function subscriptionFamilies(subscriptions: readonly Subscription[]): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    valueOf: (subscription: Subscription) => number,
  ): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: subscriptions.map((subscription) => ({
      labels: { subscription: subscription.name },
      value: valueOf(subscription),
    })),
  });
  return [
    gauge('weir_subscription_lag_events', 'Events not handled yet.', ({ lag }) => lag),
    gauge(
      'weir_subscription_oldest_unhandled_age_seconds',
      'Age of the oldest event not handled yet.',
      ({ oldestUnhandledAgeMs }) => (oldestUnhandledAgeMs ?? 0) / 1_000,
    ),
    gauge('weir_subscription_in_flight', 'Deliveries under way.', ({ inFlight }) => inFlight),
    gauge('weir_subscription_retrying', 'Events waiting for a retry.', ({ retrying }) => retrying),
    gauge('weir_subscription_parked', 'Events parked behind their key.', ({ parked }) => parked),
    gauge(
      'weir_dead_letters_open',
      'Dead letters that nobody has dealt with.',
      ({ deadLetters }) => deadLetters,
    ),
    gauge('weir_subscription_paused', 'Whether the subscription is paused.', ({ state }) =>
      state === 'running' ? 0 : 1,
    ),
    gauge('weir_subscription_breaker_open', 'Whether the breaker is not closed.', ({ breaker }) =>
      breaker.state === 'closed' ? 0 : 1,
    ),
  ];
}

function poolFamily(database: Pick<Database, 'pool' | 'writers'>): MetricFamily {
  const samples = (['pool', 'writers'] as const).flatMap((pool) => {
    const { totalCount, idleCount, waitingCount } = database[pool];
    const state = { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
    return Object.entries(state).map(([name, value]) => ({ labels: { pool, state: name }, value }));
  });
  return {
    name: 'weir_database_connections',
    help: 'Connections by pool and state; waiting are callers without one.',
    type: 'gauge',
    samples,
  };
}

function processFamilies(loopDelay: ReturnType<typeof monitorEventLoopDelay>): MetricFamily[] {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const delays = [50, 99].map((percent) =>
    single(
      'gauge',
      `nodejs_eventloop_delay_p${percent}_seconds`,
      'Delay of the event loop since the last time this page was read.',
      loopDelay.count === 0 ? 0 : loopDelay.percentile(percent) / NANOSECONDS,
    ),
  );
  loopDelay.reset();
  return [
    single('counter', 'process_cpu_seconds_total', 'Processor time used.', (user + system) / 1e6),
    single('gauge', 'process_resident_memory_bytes', 'Resident memory.', memory.rss),
    single('gauge', 'nodejs_heap_size_used_bytes', 'Heap in use.', memory.heapUsed),
    single('gauge', 'nodejs_external_memory_bytes', 'Memory outside the heap.', memory.external),
    single('gauge', 'process_uptime_seconds', 'Time since the start.', process.uptime()),
    ...delays,
  ];
}
