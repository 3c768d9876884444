import { liveRange, rangeBetween } from './time-range.ts';
import { type SettledView } from './timeline-controller.ts';

/** Short enough for a busy system to show its events one by one. */
const SPAN_DEFAULT_MS = 30_000;

/** What the URL asks to see first: a fixed range, or the last stretch of time up to now. */
export const startView = (
  url: { readonly from: Date | null; readonly to: Date | null; readonly span: number | null },
  now: number,
): SettledView => {
  if (url.from && url.to)
    return { range: rangeBetween(url.from.getTime(), url.to.getTime()), isFollowing: false };
  const span = url.span !== null && url.span > 0 ? url.span : SPAN_DEFAULT_MS;
  return { range: liveRange(now, span), isFollowing: true };
};
