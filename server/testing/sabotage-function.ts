import { type Database } from '#server/storage/database.ts';

/**
 * Puts a wrong line into a function of this database: a mutant of the product that a test must notice. Throws unless the
 * text is there exactly once, so that a mutant cannot become harmless unseen when the function changes.
 */
export async function sabotageFunction(
  { pool }: Database,
  change: { readonly name: string; readonly from: string; readonly to: string },
): Promise<void> {
  const { rows } = await pool.query<{ definition: string }>(
    'SELECT pg_get_functiondef(p.oid) AS definition FROM pg_proc p WHERE p.proname = $1',
    [change.name],
  );
  const [only, ...more] = rows;
  if (only === undefined || more.length > 0)
    throw new Error(`There are ${rows.length} functions ${change.name}.`);
  const parts = only.definition.split(change.from);
  if (parts.length !== 2)
    throw new Error(`${change.name} has ${parts.length - 1} times: ${change.from}`);
  await pool.query(parts.join(change.to));
}
