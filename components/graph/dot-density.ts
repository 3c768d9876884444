/** Up to this rate one dot is one event; above it the busiest edge keeps this many and the rest follow a power curve. */
export const TRUE_RATE_MAX = 5;
const CURVE = 0.5;
/** An edge with any traffic shows a dot at least this often. */
const SLOWEST_PER_SECOND = 0.25;

/**
 * Dots per second for an edge. Monotone in `rate`; 0 for a silent edge. `maxRate` is the busiest edge's rate: when it is beyond
 * what the eye can count, the scale recalibrates so that differences stay visible.
 */
export const dotsPerSecond = (rate: number, maxRate: number): number => {
  if (!(rate > 0)) return 0;
  if (maxRate <= TRUE_RATE_MAX) return Math.max(SLOWEST_PER_SECOND, rate);
  const share = Math.min(1, rate / maxRate);
  return Math.max(SLOWEST_PER_SECOND, Math.min(rate, TRUE_RATE_MAX * share ** CURVE));
};
