/** Milliseconds since 1970, `from` included, `to` not. Fractions are allowed so that gestures stay smooth. */
export type TimeRange = { readonly from: number; readonly to: number };

export const MIN_SPAN_MS = 4;
export const MAX_SPAN_MS = 20 * 365.25 * 86_400_000;
const EARLIEST = Date.UTC(1990, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);
/** While following, now stands a little inside the right edge. */
const LIVE_MARGIN = 0.02;

export const spanOf = (range: TimeRange): number => range.to - range.from;

/** The nearest range that can be shown: neither shorter nor longer than the limits, and within the calendar. */
export const clampRange = (range: TimeRange): TimeRange => {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanOf(range)));
  const middle = (range.from + range.to) / 2;
  const from = Math.min(Math.max(middle - span / 2, EARLIEST), LATEST - span);
  return { from, to: from + span };
};

/** Zooms by `factor` (below 1 = closer) so that the instant `around` stays where it is on screen. */
export const zoomRange = (range: TimeRange, factor: number, around: number): TimeRange => {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanOf(range) * factor));
  const share = spanOf(range) > 0 ? (around - range.from) / spanOf(range) : 0.5;
  const from = around - span * share;
  return clampRange({ from, to: from + span });
};

/** Moves by a share of the span: 0.1 = a tenth to the right. */
export const panRange = (range: TimeRange, share: number): TimeRange => {
  const by = spanOf(range) * share;
  return clampRange({ from: range.from + by, to: range.to + by });
};

export const liveRange = (now: number, span: number): TimeRange => {
  const to = now + span * LIVE_MARGIN;
  return { from: to - span, to };
};

/** Whether the range reaches so close to now that new events would appear in it. */
export const reachesNow = (range: TimeRange, now: number): boolean => range.to >= now;

export const isSameRange = (a: TimeRange, b: TimeRange): boolean =>
  a.from === b.from && a.to === b.to;

export const timeAt = (range: TimeRange, x: number, width: number): number =>
  range.from + (x / Math.max(1, width)) * spanOf(range);

export const xOf = (range: TimeRange, time: number, width: number): number =>
  ((time - range.from) / spanOf(range)) * width;

/** A brush drawn in either direction, as a range. */
export const rangeBetween = (a: number, b: number): TimeRange => ({
  from: Math.min(a, b),
  to: Math.max(a, b),
});

/** The middle fifth: what is chosen first when there is no pointer to draw with. */
export const middleOf = (range: TimeRange): TimeRange => ({
  from: range.from + spanOf(range) * 0.4,
  to: range.from + spanOf(range) * 0.6,
});
