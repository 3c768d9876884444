import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { useMemo } from 'react';
import { type ParsedQuery, parseQueryText } from '#lib/query-language.ts';
import { queryTextParam, selectedIdParam } from '#lib/state/url-state.ts';

const MODES = ['live', 'search'] as const;
export type EventsMode = (typeof MODES)[number];

/** What the address of the page says: the query, how it is followed, and what is open. */
export function useEventsUrl() {
  const [text, setText] = useQueryState('q', queryTextParam);
  const [mode, setMode] = useQueryState(
    'mode',
    parseAsStringLiteral(MODES).withDefault('live').withOptions({ history: 'push' }),
  );
  const [openId, setOpenId] = useQueryState('id', selectedIdParam);
  // Relative times ("-15m") are fixed when the query is applied, not while its results are paged.
  const parsed = useMemo(() => parseNow(text), [text]);
  return {
    text,
    parsed,
    mode,
    openId,
    apply: (next: string) => void setText(next.trim() === '' ? null : next.trim()),
    setMode: (next: EventsMode) => void setMode(next),
    open: (id: string | null) => void setOpenId(id),
  };
}

function parseNow(text: string): ParsedQuery {
  return parseQueryText(text, new Date());
}
