import { expect, test } from 'vitest';
import { type Topology, type TopologyNode } from '#contracts/topology.ts';
import { nodeState } from './node-state.ts';
import {
  emphasise,
  foundNodes,
  shownNodes,
  type TopologyFilter,
  withinHops,
} from './visible-graph.ts';

const buildNode = (kind: TopologyNode['kind'], name: string, part: Partial<TopologyNode> = {}) => ({
  id: `${kind}:${name}`,
  kind,
  name,
  ratePerSecond: 1,
  errorRate: 0,
  p50Ms: null,
  p95Ms: null,
  lag: null,
  oldestUnhandledAgeMs: null,
  deadLetters: 0,
  state: null,
  breaker: null,
  partitions: null,
  scenario: null,
  lastSeenAt: null,
  spark: [],
  ...part,
});

const buildEdge = (source: string, target: string) => ({
  id: `${source}>${target}`,
  kind: 'deliver' as const,
  source,
  target,
  rate: 1,
  errorRate: 0,
  p95Ms: null,
  count: 1,
  lastSeenAt: null,
});

const topology: Topology = {
  at: '2026-01-01T00:00:00.000Z',
  windowSeconds: 10,
  nodes: [
    buildNode('producer', 'web-shop'),
    buildNode('topic', 'orders'),
    buildNode('consumer', 'payment', { lag: 500, state: 'running', errorRate: 0.09 }),
    buildNode('consumer', 'email', { lag: 0, state: 'paused', ratePerSecond: 0 }),
    buildNode('topic', 'payments', { ratePerSecond: 0 }),
  ],
  edges: [
    buildEdge('producer:web-shop', 'topic:orders'),
    buildEdge('topic:orders', 'consumer:payment'),
    buildEdge('topic:orders', 'consumer:email'),
    buildEdge('consumer:payment', 'topic:payments'),
  ],
  producersOmitted: 0,
  totals: {
    publishedPerSecond: 1,
    handledPerSecond: 1,
    failedPerSecond: 0,
    lag: 0,
    deadLetters: 0,
    publishToHandledP95Ms: null,
  },
};

const nothing: TopologyFilter = {
  find: '',
  hide: '',
  kinds: [],
  states: [],
  focus: null,
  hops: 1,
};
const shown = (filter: Partial<TopologyFilter>) => [
  ...shownNodes(topology, { ...nothing, ...filter }),
];

test('without a filter all is shown', () => {
  expect(shown({})).toHaveLength(5);
});

test('hide wins over what the legend asks for', () => {
  expect(shown({ kinds: ['consumer'], hide: 'pay' })).toEqual(['consumer:email']);
});

test('the legend filters by state, several of a row meaning any', () => {
  expect(shown({ states: ['failing', 'paused'] })).toEqual(['consumer:payment', 'consumer:email']);
});

test('focus shows what leads to a node and what it leads to, each for itself', () => {
  expect([...withinHops('consumer:payment', 1, topology.edges)].toSorted()).toEqual([
    'consumer:payment',
    'topic:orders',
    'topic:payments',
  ]);
  expect(withinHops('consumer:payment', 6, topology.edges).has('consumer:email')).toBe(false);
});

test('a focus that is gone shows everything', () => {
  expect(shown({ focus: 'consumer:nobody' })).toHaveLength(5);
});

test('find understands words, fields, numbers and their opposite', () => {
  const find = (text: string) => [...(foundNodes(topology, text) ?? [])];
  expect(find('lag>100')).toEqual(['consumer:payment']);
  expect(find('kind:topic -pay')).toEqual(['topic:orders']);
  expect(find('state:paused')).toEqual(['consumer:email']);
  expect(find('errors>5')).toEqual(['consumer:payment']);
  expect(foundNodes(topology, '  ')).toBeNull();
});

test('what find does not mean steps back, and the edges of the selected node stand out', () => {
  const emphasis = emphasise({
    nodeIds: topology.nodes.map((node) => node.id),
    edges: topology.edges,
    found: new Set(['topic:orders']),
    selected: 'consumer:payment',
  });

  expect(emphasis.get('topic:orders')).toBe('highlight');
  expect(emphasis.get('consumer:email')).toBe('faded');
  expect(emphasis.get('topic:orders>consumer:payment')).toBe('highlight');
  expect(emphasis.get('topic:orders>consumer:email')).toBe('faded');
});

test('a paused consumer is paused, whatever else it is', () => {
  const node = buildNode('consumer', 'x', { state: 'paused', errorRate: 1 });
  expect(nodeState(node)).toBe('paused');
});
