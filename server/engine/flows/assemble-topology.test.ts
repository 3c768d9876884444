import { describe, expect, it } from 'vitest';
import { type Subscription, subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { topologySchema } from '#contracts/topology.ts';
import { assembleTopology, MAX_PRODUCERS, type TopologyInput } from './assemble-topology.ts';
import { type GraphEdge, quietEdge } from './graph-edge.ts';

const AT = '2026-01-01T00:00:00.000Z';

function subscription(name: string, topics: string[], lag = 0): Subscription {
  const { breaker: breakerSettings, ...settings } = subscriptionSettingsSchema.parse({
    filter: { topics },
  });
  return {
    ...settings,
    breakerSettings,
    name,
    state: 'running',
    breaker: { state: 'closed', since: AT, failures: 0 },
    handlerVersion: null,
    scenario: null,
    topics,
    lag,
    oldestUnhandledAgeMs: null,
    inFlight: 0,
    retrying: 0,
    parked: 0,
    deadLetters: 0,
    rates: { handledPerSecond: 0, failedPerSecond: 0, p50Ms: null, p95Ms: null, p99Ms: null },
    createdAt: AT,
    updatedAt: AT,
  };
}

const moving = (
  kind: GraphEdge['kind'],
  source: string,
  target: string,
  count = 10,
): GraphEdge => ({
  ...quietEdge(kind, source, target, Date.parse(AT)),
  count,
  rate: count / 10,
});

const assemble = (input: Partial<TopologyInput>) =>
  assembleTopology({
    at: AT,
    windowSeconds: 10,
    coveredSeconds: 10,
    edges: [],
    topics: [
      { name: 'orders', partitions: 4 },
      { name: 'payments', partitions: 2 },
      { name: '$system', partitions: 1 },
    ],
    subscriptions: [subscription('billing', ['orders'], 7), subscription('audit', ['*'])],
    publishToHandledP95Ms: null,
    ...input,
  });

describe('assembleTopology', () => {
  it('is complete on an idle system and leaves out topics of the system', () => {
    const topology = assemble({});

    expect(topologySchema.parse(topology)).toEqual(topology);
    expect(topology.nodes.map((node) => node.id)).toEqual([
      'topic:orders',
      'topic:payments',
      'consumer:audit',
      'consumer:billing',
    ]);
    expect(topology.edges.map((edge) => edge.id)).toEqual([
      'topic:orders>consumer:audit',
      'topic:orders>consumer:billing',
      'topic:payments>consumer:audit',
    ]);
    expect(topology.totals.lag).toBe(7);
  });

  it('takes a source with a subscription’s name for that consumer, and any other for a producer', () => {
    const topology = assemble({
      edges: [
        moving('publish', 'web', 'orders'),
        moving('publish', 'billing', 'payments'),
        moving('emit', 'billing', 'payments'),
        moving('emit', 'shop-outbox', 'orders'),
      ],
    });

    const edges = topology.edges.filter((edge) => edge.kind !== 'deliver');
    expect(edges).toMatchObject([
      { id: 'consumer:billing>topic:payments', kind: 'emit', count: 20, rate: 2 },
      { id: 'producer:shop-outbox>topic:orders', kind: 'publish', count: 10 },
      { id: 'producer:web>topic:orders', kind: 'publish', count: 10 },
    ]);
    expect(topology.totals.publishedPerSecond).toBe(4);
  });

  it('gives the share of failed attempts and the sums per second', () => {
    const topology = assemble({
      edges: [{ ...moving('deliver', 'orders', 'billing', 40), errors: 10, p95Ms: 12 }],
    });

    const node = topology.nodes.find(({ id }) => id === 'consumer:billing');
    expect(node).toMatchObject({ ratePerSecond: 4, errorRate: 0.25, p95Ms: 12, lag: 7 });
    expect(topology.totals).toMatchObject({ handledPerSecond: 3, failedPerSecond: 1 });
  });

  it('shows the busiest producers and says how many it left out', () => {
    const edges = Array.from({ length: MAX_PRODUCERS + 3 }, (_, index) =>
      moving('publish', `producer-${index}`, 'orders', index + 1),
    );

    const topology = assemble({ edges });

    expect(topology.producersOmitted).toBe(3);
    expect(topology.nodes.filter((node) => node.kind === 'producer')).toHaveLength(MAX_PRODUCERS);
    expect(topology.nodes.map((node) => node.name)).not.toContain('producer-0');
  });

  it('does not depend on the order in which edges were seen', () => {
    const edges = [moving('publish', 'b', 'orders'), moving('publish', 'a', 'payments')];

    expect(assemble({ edges })).toEqual(assemble({ edges: edges.toReversed() }));
  });
});
