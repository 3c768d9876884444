import { formatCount } from './number.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNKNOWN = '–';

/** A span in the unit a person would say: "842 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN;
  const sign = ms < 0 ? '−' : '';
  return sign + formatPositive(Math.abs(ms));
}

/** As formatDuration, with "≈" before it. */
export function formatEstimate(ms: number | null | undefined): string {
  const text = formatDuration(ms);
  return text === UNKNOWN ? text : `≈ ${text}`;
}

function formatPositive(ms: number): string {
  if (ms < 1) return ms === 0 ? '0 ms' : '< 1 ms';
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS)
    return pair(ms, { unitMs: MINUTE_MS, unit: 'min', restMs: SECOND_MS, rest: 's' });
  if (ms < DAY_MS) return pair(ms, { unitMs: HOUR_MS, unit: 'h', restMs: MINUTE_MS, rest: 'min' });
  return pair(ms, { unitMs: DAY_MS, unit: 'd', restMs: HOUR_MS, rest: 'h' });
}

function pair(
  ms: number,
  { unitMs, unit, restMs, rest }: { unitMs: number; unit: string; restMs: number; rest: string },
): string {
  const rounded = Math.round(ms / restMs) * restMs;
  const units = Math.floor(rounded / unitMs);
  const remainder = Math.round((rounded % unitMs) / restMs);
  const head = `${formatCount(units)} ${unit}`;
  return remainder === 0 ? head : `${head} ${remainder} ${rest}`;
}
