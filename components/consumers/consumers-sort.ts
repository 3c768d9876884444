import { type ColumnSort } from '@tanstack/react-table';
import { createParser } from 'nuqs';

/** Columns of the list that can be sorted by; the names stand in the URL. */
export const SORTABLE = [
  'state',
  'name',
  'lag',
  'behind',
  'handled',
  'failing',
  'p50',
  'p95',
  'p99',
  'flight',
  'retrying',
  'parked',
  'dead',
  'guarantee',
] as const;

export const WORST_FIRST: ColumnSort = { id: 'state', desc: true };

/** "lag" ascending, "-lag" descending. */
export const sortParam = createParser<ColumnSort>({
  parse: (text) => {
    const desc = text.startsWith('-');
    const id = SORTABLE.find((each) => each === (desc ? text.slice(1) : text));
    return id ? { id, desc } : null;
  },
  serialize: ({ id, desc }) => (desc ? `-${id}` : id),
  eq: (a, b) => a.id === b.id && a.desc === b.desc,
})
  .withDefault(WORST_FIRST)
  .withOptions({ history: 'push' });
