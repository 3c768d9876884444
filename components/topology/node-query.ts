import { type TopologyNode } from '#contracts/topology.ts';

/*
 * What Find and Hide understand. Words must all hold; a leading "-" turns one around.
 *   pay            name contains "pay"
 *   kind:topic     state:paused  scenario:shop
 *   lag>100        also rate, errors (in percent), p95 (in ms), dead; with > >= < <= =
 */

export type NodePredicate = (node: TopologyNode) => boolean;

const COMPARISON = /^(rate|errors|lag|p95|dead)(>=|<=|>|<|=)(\d+(?:\.\d+)?)$/;
const FIELD = /^(kind|state|scenario|name):(.+)$/;
/** Longer text is cut: the fields come from the URL. */
const MAX_WORDS = 20;

const numberOf = (node: TopologyNode, field: string): number => {
  switch (field) {
    case 'rate':
      return node.ratePerSecond;
    case 'errors':
      return node.errorRate * 100;
    case 'lag':
      return node.lag ?? 0;
    case 'p95':
      return node.p95Ms ?? 0;
    default:
      return node.deadLetters;
  }
};

const compare = (value: number, operator: string, limit: number): boolean => {
  switch (operator) {
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    default:
      return value === limit;
  }
};

const textOf = (node: TopologyNode, field: string): string => {
  switch (field) {
    case 'kind':
      return node.kind;
    case 'state':
      return nodeStateText(node);
    case 'scenario':
      return node.scenario ?? '';
    default:
      return node.name.toLowerCase();
  }
};

const nodeStateText = (node: TopologyNode): string => {
  const breaker = node.breaker?.state ?? 'closed';
  return `${node.state ?? ''} ${breaker === 'closed' ? '' : breaker} ${node.errorRate > 0 ? 'failing' : ''}`;
};

const wordPredicate = (word: string): NodePredicate => {
  const comparison = COMPARISON.exec(word);
  if (comparison) {
    const [, field = '', operator = '', limit = ''] = comparison;
    return (node) => compare(numberOf(node, field), operator, Number(limit));
  }
  const field = FIELD.exec(word);
  if (field) {
    const [, name = '', wanted = ''] = field;
    return (node) => textOf(node, name).includes(wanted);
  }
  return (node) => node.name.toLowerCase().includes(word);
};

/** Null for an empty text: nothing is asked, which is neither all nor none. */
export const parseNodeQuery = (text: string): NodePredicate | null => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  if (words.length === 0) return null;
  const predicates = words.map((word) => {
    if (!word.startsWith('-') || word.length === 1) return wordPredicate(word);
    const positive = wordPredicate(word.slice(1));
    return (node: TopologyNode) => !positive(node);
  });
  return (node) => predicates.every((predicate) => predicate(node));
};
