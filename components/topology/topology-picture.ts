import { edgeWidth } from '#components/graph/draw-graph.ts';
import { type GraphPicture, type ImageCard } from '#components/graph/graph-image.ts';
import { type Positions } from '#components/graph/graph-model.ts';
import { type LiveValues } from '#components/graph/live-values.ts';
import { tokensOf } from '#components/ui/theme-tokens.ts';
import { type TopologyEdge, type TopologyNode } from '#contracts/topology.ts';
import { formatDuration } from '#lib/format/duration.ts';
import { formatCount, formatRate } from '#lib/format/number.ts';
import { nodeState, STATE_LABEL, STATE_TONE } from './node-state.ts';
import { type TopologyGraph } from './topology-graph.ts';

const TONE_TOKEN = {
  neutral: '--text-3',
  accent: '--accent',
  ok: '--ok',
  slow: '--slow',
  fail: '--fail',
  paused: '--paused',
  past: '--past',
} as const;

const cardOf = (node: TopologyNode): ImageCard => {
  const state = nodeState(node);
  const numbers =
    node.kind === 'consumer'
      ? `lag ${formatCount(node.lag ?? 0)}  ${formatRate(node.ratePerSecond)}/s  ${formatDuration(node.p95Ms)}`
      : `${formatRate(node.ratePerSecond)}/s`;
  const dead = node.deadLetters > 0 ? `${formatCount(node.deadLetters)} dead` : '';
  return {
    title: node.name,
    numbers,
    note: node.kind === 'consumer' ? dead || STATE_LABEL[state].toLowerCase() : node.kind,
    tone: TONE_TOKEN[STATE_TONE[state]],
    sparkTone: STATE_TONE[state] === 'ok' ? '--accent' : TONE_TOKEN[STATE_TONE[state]],
    isRound: node.kind === 'topic',
    spark: node.spark,
  };
};

/** The present numbers as a picture to keep. */
export const topologyPicture = (parts: {
  readonly graph: TopologyGraph;
  readonly positions: Positions;
  readonly nodes: LiveValues<TopologyNode>;
  readonly edges: LiveValues<TopologyEdge>;
  readonly at: string;
}): GraphPicture => {
  return {
    title: `Weir topology, ${parts.at}`,
    nodes: parts.graph.nodes,
    edges: parts.graph.edges,
    positions: parts.positions,
    cardOf: (nodeId) => {
      const node = parts.nodes.get(nodeId);
      return node ? cardOf(node) : null;
    },
    widthOf: (edgeId) => edgeWidth(parts.edges.get(edgeId)?.rate ?? 0),
    token: tokensOf(document.documentElement),
  };
};
