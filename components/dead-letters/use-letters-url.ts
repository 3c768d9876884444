import { parseAsString, useQueryStates } from 'nuqs';
import { letterStatusParam, selectedIdParam } from '#lib/state/url-state.ts';
import { type LettersFilter } from './group-order.ts';

const filterParam = parseAsString.withOptions({ history: 'push' });

const PARAMS = {
  subscription: filterParam,
  status: letterStatusParam,
  type: filterParam,
  group: selectedIdParam,
  id: selectedIdParam,
};

export type LettersUrl = {
  readonly filter: LettersFilter;
  readonly group: string | null;
  readonly letterId: string | null;
  readonly setFilter: (change: Partial<LettersFilter>) => void;
  readonly openGroup: (fingerprint: string | null) => void;
  readonly openLetter: (id: string, group: string) => void;
  readonly closeLetter: () => void;
};

/** What the address of the page says: the filters, the group, and the letter that is open. */
export function useLettersUrl(): LettersUrl {
  const [url, setUrl] = useQueryStates(PARAMS);
  const { subscription, status, type } = url;
  return {
    filter: { subscription, status, type },
    group: url.group,
    letterId: url.id,
    setFilter: (change) => void setUrl({ ...change, group: null, id: null }),
    openGroup: (group) => void setUrl({ group, id: null }),
    openLetter: (id, group) => void setUrl({ id, group }),
    closeLetter: () => void setUrl({ id: null }),
  };
}
