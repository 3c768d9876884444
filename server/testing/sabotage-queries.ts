import { type Database } from '#server/storage/database.ts';

/**
 * From now on every statement of this pool that holds the text is sent with another in its place: a mutant of the product
 * that a test must notice. `count` says how many were, so that a mutant cannot become harmless unseen.
 */
export function sabotageQueries(
  { pool }: Database,
  change: { readonly from: string; readonly to: string },
): { readonly count: number } {
  const sent = { count: 0 };
  const original = pool.query.bind(pool);
  const spoil = (text: string) => {
    if (!text.includes(change.from)) return text;
    sent.count += 1;
    return text.replaceAll(change.from, change.to);
  };
  const spoilt = (statement: unknown, ...rest: unknown[]): unknown => {
    if (typeof statement === 'string')
      return Reflect.apply(original, pool, [spoil(statement), ...rest]);
    const isConfig =
      typeof statement === 'object' &&
      statement !== null &&
      'text' in statement &&
      typeof statement.text === 'string';
    const own = isConfig ? { ...statement, text: spoil(String(statement.text)) } : statement;
    return Reflect.apply(original, pool, [own, ...rest]);
  };
  Object.defineProperty(pool, 'query', { value: spoilt });
  return sent;
}
