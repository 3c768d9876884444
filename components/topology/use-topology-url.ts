import {
  parseAsArrayOf,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs';
import { choiceParam, selectedIdParam } from '#lib/state/url-state.ts';
import { NODE_STATES } from './node-state.ts';

const DEFAULT_HOPS = 1;
const text = parseAsString.withDefault('').withOptions({ history: 'replace' });

const params = {
  id: selectedIdParam,
  focus: parseAsString.withOptions({ history: 'push' }),
  hops: parseAsInteger.withDefault(DEFAULT_HOPS).withOptions({ history: 'replace' }),
  find: text,
  hide: text,
  kinds: parseAsArrayOf(parseAsStringLiteral(['producer', 'topic', 'consumer'])).withDefault([]),
  states: parseAsArrayOf(parseAsStringLiteral(NODE_STATES)).withDefault([]),
  view: choiceParam(['auto', 'graph', 'table']),
};

/** Everything a colleague needs to see the same picture. `view=auto` is the graph, or the table where there is little room. */
export const useTopologyUrl = () => useQueryStates(params);
