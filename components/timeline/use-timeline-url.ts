import { parseAsFloat, parseAsString, useQueryStates } from 'nuqs';
import { choiceParam, selectedIdParam, timeParam } from '#lib/state/url-state.ts';

const replaced = { history: 'replace' } as const;

const params = {
  lanes: choiceParam(['topic', 'type', 'consumer']),
  view: choiceParam(['chart', 'table']),
  /** The range in view; absent while following the clock. */
  from: timeParam.withOptions(replaced),
  to: timeParam.withOptions(replaced),
  /** Milliseconds in view while following. */
  span: parseAsFloat.withOptions(replaced),
  /** The chosen range. */
  selFrom: timeParam.withOptions(replaced),
  selTo: timeParam.withOptions(replaced),
  /** The event whose causes and effects are drawn. */
  id: selectedIdParam,
  /** Replay to this consumer is being prepared. */
  target: parseAsString.withOptions(replaced),
};

/** Everything a colleague needs to see the same picture. */
export const useTimelineUrl = () => useQueryStates(params);
