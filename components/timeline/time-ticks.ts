import { scaleTime, scaleUtc } from 'd3-scale';
import { type TimeRange } from './time-range.ts';

export type TimeTick = {
  readonly at: number;
  readonly label: string;
  /** The coarser part (day, year) where it differs from the tick before; the first tick always has it. */
  readonly context: string | null;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const MONTH = 28 * DAY;
const YEAR = 365 * DAY;
const TICK_GAP_PX = 112;
const MAX_TICKS = 60;

type Parts = Intl.DateTimeFormatOptions;
const CLOCK: Parts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const FORMATS = {
  millisecond: { ...CLOCK, second: '2-digit', fractionalSecondDigits: 3 },
  second: { ...CLOCK, second: '2-digit' },
  minute: CLOCK,
  day: { day: '2-digit', month: 'short' },
  month: { month: 'short' },
  year: { year: 'numeric' },
  date: { day: '2-digit', month: 'short', year: 'numeric' },
} as const satisfies Record<string, Parts>;
type FormatName = keyof typeof FORMATS;

const formatters = new Map<string, Intl.DateTimeFormat>();
const formatAs = (at: number, name: FormatName, isUtc: boolean): string => {
  const key = `${name}${isUtc}`;
  const known = formatters.get(key);
  const formatter =
    known ??
    new Intl.DateTimeFormat('en-GB', { ...FORMATS[name], ...(isUtc ? { timeZone: 'UTC' } : {}) });
  if (!known) formatters.set(key, formatter);
  return formatter.format(at);
};

/** The finest part that tells neighbouring ticks apart, and the part above it. */
export const tickFormat = (
  stepMs: number,
): { readonly label: FormatName; readonly context: FormatName | null } => {
  if (stepMs < SECOND) return { label: 'millisecond', context: 'date' };
  if (stepMs < MINUTE) return { label: 'second', context: 'date' };
  if (stepMs < DAY) return { label: 'minute', context: 'date' };
  if (stepMs < MONTH) return { label: 'day', context: 'year' };
  if (stepMs < YEAR) return { label: 'month', context: 'year' };
  return { label: 'year', context: null };
};

/** Round instants of the calendar, as many as fit, from years down to milliseconds. */
export const timeTicks = (
  range: TimeRange,
  widthPx: number,
  isUtc: boolean,
): readonly TimeTick[] => {
  const scale = isUtc ? scaleUtc() : scaleTime();
  const count = Math.max(2, Math.floor(widthPx / TICK_GAP_PX));
  const instants = scale
    .domain([range.from, range.to])
    .ticks(count)
    .map((date) => date.getTime())
    .slice(0, MAX_TICKS);
  const step = (instants[1] ?? range.to) - (instants[0] ?? range.from);
  const format = tickFormat(step);
  let before: string | null = null;
  return instants.map((at) => {
    const above = format.context === null ? null : formatAs(at, format.context, isUtc);
    const context = above === before ? null : above;
    before = above;
    return { at, label: formatAs(at, format.label, isUtc), context };
  });
};
