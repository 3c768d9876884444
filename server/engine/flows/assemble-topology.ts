import { type Subscription } from '#contracts/subscription.ts';
import { type Topology, type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';
import { hearsTopic } from '../broker/topic-pattern.ts';
import { type TopicInfo } from '../engine-parts.ts';
import { addEdges, type GraphEdge, quietEdge, SPARK_STEPS } from './graph-edge.ts';

export const MAX_PRODUCERS = 200;
export const MAX_GRAPH_EDGES = 5_000;

export type TopologyInput = {
  readonly at: string;
  readonly windowSeconds: number;
  /** Seconds the counts were gathered in; a little less than the window when its last second is running. */
  readonly coveredSeconds: number;
  readonly edges: readonly GraphEdge[];
  readonly topics: readonly Pick<TopicInfo, 'name' | 'partitions'>[];
  readonly subscriptions: readonly Subscription[];
  readonly publishToHandledP95Ms: number | null;
};

type EdgeMap = ReadonlyMap<string, GraphEdge>;

/**
 * The picture of measured traffic, pure and in a stable order. Promises: every topic (but `$…`) and every subscription is
 * there, and an edge for every pair whose filter matches, so the graph of an idle system is complete; a source that bears
 * a subscription's name is that consumer, not a producer.
 */
export function assembleTopology(input: TopologyInput): Topology {
  const topics = input.topics.filter((topic) => !topic.name.startsWith('$')).toSorted(byName);
  const subscriptions = input.subscriptions.toSorted(byName);
  const all = mergeEdges(input, topics, subscriptions);
  const { producers, omitted } = chooseProducers(all);
  const shown = [...all.values()].filter(
    (edge) => edge.kind !== 'publish' || producers.has(edge.source),
  );
  const nodes = [
    ...[...producers].toSorted(byText).map((name) => producerNode(name, shown)),
    ...topics.map((topic) => topicNode(topic, shown)),
    ...subscriptions.map((subscription) => consumerNode(subscription, shown)),
  ];
  return {
    at: input.at,
    windowSeconds: input.windowSeconds,
    nodes,
    edges: shown.toSorted(byId).slice(0, MAX_GRAPH_EDGES).map(toTopologyEdge),
    producersOmitted: omitted,
    totals: totalsOf(input, all, subscriptions),
  };
}

function mergeEdges(
  input: TopologyInput,
  topics: readonly { readonly name: string }[],
  subscriptions: readonly Subscription[],
): EdgeMap {
  const topicNames = new Set(topics.map((topic) => topic.name));
  const consumerNames = new Set(subscriptions.map((subscription) => subscription.name));
  const merged = new Map<string, GraphEdge>();
  const add = (edge: GraphEdge): void => {
    const id = edgeId(edge);
    const known = merged.get(id);
    merged.set(id, known === undefined ? edge : addEdges(known, edge));
  };
  for (const edge of input.edges) {
    if (edge.kind === 'deliver') {
      if (topicNames.has(edge.source) && consumerNames.has(edge.target)) add(edge);
    } else if (topicNames.has(edge.target)) {
      add({ ...edge, kind: consumerNames.has(edge.source) ? 'emit' : 'publish' });
    }
  }
  for (const subscription of subscriptions) {
    for (const topic of topics) {
      if (merged.size >= MAX_GRAPH_EDGES) return merged;
      if (hearsTopic(subscription.filter.topics, topic.name)) {
        add(quietEdge('deliver', topic.name, subscription.name));
      }
    }
  }
  return merged;
}

function chooseProducers(edges: EdgeMap): {
  readonly producers: ReadonlySet<string>;
  readonly omitted: number;
} {
  const counts = new Map<string, number>();
  for (const edge of edges.values()) {
    if (edge.kind === 'publish')
      counts.set(edge.source, (counts.get(edge.source) ?? 0) + edge.count);
  }
  const ranked = [...counts].toSorted(([a, x], [b, y]) => y - x || byText(a, b));
  const chosen = ranked.slice(0, MAX_PRODUCERS).map(([name]) => name);
  return { producers: new Set(chosen), omitted: ranked.length - chosen.length };
}

function producerNode(name: string, edges: readonly GraphEdge[]): TopologyNode {
  const flow = flowOf(edges, (edge) => edge.kind === 'publish' && edge.source === name);
  return nodeOf('producer', name, flow);
}

function topicNode(
  topic: Pick<TopicInfo, 'name' | 'partitions'>,
  edges: readonly GraphEdge[],
): TopologyNode {
  const flow = flowOf(edges, (edge) => edge.kind !== 'deliver' && edge.target === topic.name);
  return { ...nodeOf('topic', topic.name, flow), partitions: topic.partitions };
}

function consumerNode(subscription: Subscription, edges: readonly GraphEdge[]): TopologyNode {
  const flow = flowOf(
    edges,
    (edge) => edge.kind === 'deliver' && edge.target === subscription.name,
  );
  return {
    ...nodeOf('consumer', subscription.name, flow),
    lag: subscription.lag,
    oldestUnhandledAgeMs: subscription.oldestUnhandledAgeMs,
    deadLetters: subscription.deadLetters,
    state: subscription.state,
    breaker: subscription.breaker,
    scenario: subscription.scenario,
  };
}

function flowOf(
  edges: readonly GraphEdge[],
  belongs: (edge: GraphEdge) => boolean,
): GraphEdge | null {
  let flow: GraphEdge | null = null;
  for (const edge of edges) {
    if (belongs(edge)) flow = flow === null ? edge : addEdges(flow, edge);
  }
  return flow;
}

function nodeOf(kind: TopologyNode['kind'], name: string, flow: GraphEdge | null): TopologyNode {
  return {
    id: `${kind}:${name}`,
    kind,
    name,
    ratePerSecond: round(flow?.rate ?? 0),
    errorRate: flow === null ? 0 : errorShare(flow),
    p50Ms: roundOrNull(flow?.latencies?.percentile(0.5) ?? null),
    p95Ms: roundOrNull(flow?.p95Ms ?? null),
    lag: null,
    oldestUnhandledAgeMs: null,
    deadLetters: 0,
    state: null,
    breaker: null,
    partitions: null,
    scenario: null,
    lastSeenAt: seenAt(flow?.lastSeenMs ?? 0),
    spark: sparkOf(flow),
  };
}

function toTopologyEdge(edge: GraphEdge): TopologyEdge {
  const ends = endsOf(edge);
  return {
    id: edgeId(edge),
    kind: edge.kind,
    source: ends.source,
    target: ends.target,
    rate: round(edge.rate),
    errorRate: errorShare(edge),
    p95Ms: roundOrNull(edge.p95Ms),
    count: edge.count,
    lastSeenAt: seenAt(edge.lastSeenMs),
  };
}

function totalsOf(
  input: TopologyInput,
  edges: EdgeMap,
  subscriptions: readonly Subscription[],
): Topology['totals'] {
  let published = 0;
  let handled = 0;
  let failed = 0;
  for (const edge of edges.values()) {
    if (edge.kind === 'deliver') {
      handled += edge.count - edge.errors;
      failed += edge.errors;
    } else {
      published += edge.rate;
    }
  }
  return {
    publishedPerSecond: round(published),
    handledPerSecond: round(handled / input.coveredSeconds),
    failedPerSecond: round(failed / input.coveredSeconds),
    lag: subscriptions.reduce((sum, subscription) => sum + subscription.lag, 0),
    deadLetters: subscriptions.reduce((sum, subscription) => sum + subscription.deadLetters, 0),
    publishToHandledP95Ms: roundOrNull(input.publishToHandledP95Ms),
  };
}

const ENDS = {
  publish: ['producer', 'topic'],
  deliver: ['topic', 'consumer'],
  emit: ['consumer', 'topic'],
} as const;

function endsOf(edge: GraphEdge): { readonly source: string; readonly target: string } {
  const [from, to] = ENDS[edge.kind];
  return { source: `${from}:${edge.source}`, target: `${to}:${edge.target}` };
}

function edgeId(edge: GraphEdge): string {
  const ends = endsOf(edge);
  return `${ends.source}>${ends.target}`;
}

const errorShare = (edge: GraphEdge): number =>
  edge.count === 0 ? 0 : Math.round((edge.errors / edge.count) * 10_000) / 10_000;

const sparkOf = (flow: GraphEdge | null): number[] =>
  flow === null || flow.spark.length === 0
    ? Array.from({ length: SPARK_STEPS }, () => 0)
    : flow.spark.map(round);

const seenAt = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());
const round = (value: number): number => Math.round(value * 100) / 100;
const roundOrNull = (value: number | null): number | null => (value === null ? null : round(value));
const byText = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  byText(a.name, b.name);
const byId = (a: GraphEdge, b: GraphEdge): number => byText(edgeId(a), edgeId(b));
