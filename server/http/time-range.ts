import { invalidRequest } from './invalid-request.ts';

/** A range with both ends: `before` defaults to now, `after` to `spanMs` earlier. Refused when it is empty or turned round. */
export function timeRange(
  query: { readonly after?: string | undefined; readonly before?: string | undefined },
  spanMs: number,
): { readonly after: string; readonly before: string } {
  const before = query.before === undefined ? Date.now() : Date.parse(query.before);
  const after = query.after === undefined ? before - spanMs : Date.parse(query.after);
  if (after >= before) throw invalidRequest('after', 'must lie before "before"');
  return { after: new Date(after).toISOString(), before: new Date(before).toISOString() };
}
