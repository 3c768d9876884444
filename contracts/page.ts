import { z } from 'zod';

export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 500;

/** `limit` as API.md fixes it: a whole number from 1 to 500, 50 when absent. */
export const limitSchema = z.coerce
  .number()
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(PAGE_LIMIT_MAX, `must be at most ${PAGE_LIMIT_MAX}`)
  .default(PAGE_LIMIT_DEFAULT);

export const cursorSchema = z.string().max(512).optional();

/** Keyset page: `nextCursor` is null when nothing follows. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export type Page<Item> = { readonly items: readonly Item[]; readonly nextCursor: string | null };

/** RFC 3339 instant as the API writes it: UTC with milliseconds. */
export const timeSchema = z.iso.datetime({ offset: true });
