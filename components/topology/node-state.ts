import { type Tone } from '#components/ui/tone.ts';
import { type TopologyNode } from '#contracts/topology.ts';

/** How a node stands, in the words and tones of the legend. The first that applies counts. */
export type NodeState = 'failing' | 'breaker-open' | 'paused' | 'behind' | 'healthy' | 'quiet';

/** A consumer whose oldest waiting event is older than this is behind; the events it just got are not a lag. */
const BEHIND_MS = 5_000;
/** A share of failures above this is shown as failing; a single failure in a hundred is not yet. */
export const FAILING_SHARE = 0.01;

export const NODE_STATES: readonly NodeState[] = [
  'failing',
  'breaker-open',
  'paused',
  'behind',
  'healthy',
  'quiet',
];

export const STATE_LABEL: Readonly<Record<NodeState, string>> = {
  failing: 'Failing',
  'breaker-open': 'Breaker open',
  paused: 'Paused',
  behind: 'Behind',
  healthy: 'Healthy',
  quiet: 'Quiet',
};

export const STATE_TONE: Readonly<Record<NodeState, Tone>> = {
  failing: 'fail',
  'breaker-open': 'fail',
  paused: 'paused',
  behind: 'slow',
  healthy: 'ok',
  quiet: 'neutral',
};

export const nodeState = (node: TopologyNode): NodeState => {
  if (node.state === 'paused' || node.state === 'disabled') return 'paused';
  if (node.breaker && node.breaker.state !== 'closed') return 'breaker-open';
  if (node.errorRate > FAILING_SHARE) return 'failing';
  if ((node.oldestUnhandledAgeMs ?? 0) > BEHIND_MS && (node.lag ?? 0) > 0) return 'behind';
  return node.ratePerSecond > 0 ? 'healthy' : 'quiet';
};
