import { type Point } from './graph-model.ts';

/** Samples per curve; dots move between them in straight steps, which the eye does not see at this density. */
const SAMPLES = 32;
const MIN_REACH_PX = 36;
const MAX_BACK_REACH_PX = 160;
const MAX_SAG_PX = 260;

export type EdgeEnds = { readonly from: Point; readonly to: Point };

/** A curve measured once: points by equal parameter, and the length travelled up to each of them. */
export type SampledCurve = {
  readonly xs: Float32Array;
  readonly ys: Float32Array;
  readonly lengths: Float32Array;
  readonly length: number;
};

const reachOf = ({ from, to }: EdgeEnds): number => {
  const dx = to.x - from.x;
  if (dx >= 0) return Math.max(MIN_REACH_PX, dx / 2);
  return Math.min(MAX_BACK_REACH_PX, MIN_REACH_PX + Math.sqrt(-dx) * 6);
};

/** Edges that run backwards hang below the nodes they pass, where they can be followed. */
const sagOf = ({ from, to }: EdgeEnds): number => {
  const dx = to.x - from.x;
  return dx >= 0 ? 0 : Math.min(MAX_SAG_PX, MIN_REACH_PX - dx * 0.18);
};

/** Cubic from right side to left side; edges that run backwards swing out so that they stay visible. */
export const curvePath = (ends: EdgeEnds): string => {
  const reach = reachOf(ends);
  const sag = sagOf(ends);
  const { from, to } = ends;
  return `M${from.x},${from.y} C${from.x + reach},${from.y + sag} ${to.x - reach},${to.y + sag} ${to.x},${to.y}`;
};

export const pointOnCurve = (ends: EdgeEnds, t: number): Point => {
  const reach = reachOf(ends);
  const sag = sagOf(ends);
  const { from, to } = ends;
  const u = 1 - t;
  const a = u * u * u;
  const b = 3 * u * u * t;
  const c = 3 * u * t * t;
  const d = t * t * t;
  return {
    x: a * from.x + b * (from.x + reach) + c * (to.x - reach) + d * to.x,
    y: (a + b) * from.y + (c + d) * to.y + (b + c) * sag,
  };
};

export const sampleCurve = (ends: EdgeEnds): SampledCurve => {
  const xs = new Float32Array(SAMPLES + 1);
  const ys = new Float32Array(SAMPLES + 1);
  const lengths = new Float32Array(SAMPLES + 1);
  let length = 0;
  let last = ends.from;
  for (let i = 0; i <= SAMPLES; i += 1) {
    const point = pointOnCurve(ends, i / SAMPLES);
    length += Math.hypot(point.x - last.x, point.y - last.y);
    xs[i] = point.x;
    ys[i] = point.y;
    lengths[i] = length;
    last = point;
  }
  return { xs, ys, lengths, length };
};

/** The point `travelled` along the curve; clamped to its ends. */
export const pointAlong = (curve: SampledCurve, travelled: number): Point => {
  const { xs, ys, lengths, length } = curve;
  const wanted = Math.min(Math.max(travelled, 0), length);
  let low = 0;
  let high = lengths.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lengths[middle] ?? 0) <= wanted) low = middle;
    else high = middle;
  }
  const before = lengths[low] ?? 0;
  const span = (lengths[high] ?? 0) - before;
  const share = span > 0 ? (wanted - before) / span : 0;
  const x0 = xs[low] ?? 0;
  const y0 = ys[low] ?? 0;
  return { x: x0 + ((xs[high] ?? x0) - x0) * share, y: y0 + ((ys[high] ?? y0) - y0) * share };
};
