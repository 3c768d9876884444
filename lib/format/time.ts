import { formatDuration } from './duration.ts';

/** How instants are written on screen. */
export type TimeDisplay = 'local' | 'utc' | 'relative';

const DAY_MS = 86_400_000;
const JUST_NOW_MS = 1_000;

/** One instant as the reader wants it: today without the date, always with milliseconds, or as an age. */
export function formatTime(instant: Date, display: TimeDisplay, now: Date): string {
  if (Number.isNaN(instant.getTime())) return 'invalid time';
  if (display === 'relative') return formatAge(instant, now);
  const isUtc = display === 'utc';
  const clock = clockOf(instant, isUtc);
  const date = dateOf(instant, isUtc);
  return date === dateOf(now, isUtc) ? clock : `${date} ${clock}`;
}

/** "4.2 s ago", "in 3 min", "just now". */
export function formatAge(instant: Date, now: Date): string {
  const ageMs = now.getTime() - instant.getTime();
  if (Math.abs(ageMs) < JUST_NOW_MS) return 'just now';
  const span = formatDuration(Math.abs(roundAge(ageMs)));
  return ageMs > 0 ? `${span} ago` : `in ${span}`;
}

/** What the hover shows whatever the display: ISO with milliseconds, UTC. */
export function formatIso(instant: Date): string {
  return Number.isNaN(instant.getTime()) ? 'invalid time' : instant.toISOString();
}

/** For axes: as much of the instant as tells neighbours `stepMs` apart from each other. */
export function formatTick(instant: Date, stepMs: number, isUtc: boolean): string {
  const clock = clockOf(instant, isUtc);
  if (stepMs >= DAY_MS) return dateOf(instant, isUtc);
  if (stepMs >= 60_000) return clock.slice(0, 5);
  return stepMs >= 1_000 ? clock.slice(0, 8) : clock;
}

function clockOf(instant: Date, isUtc: boolean): string {
  const [hours, minutes, seconds, millis] = isUtc
    ? [
        instant.getUTCHours(),
        instant.getUTCMinutes(),
        instant.getUTCSeconds(),
        instant.getUTCMilliseconds(),
      ]
    : [instant.getHours(), instant.getMinutes(), instant.getSeconds(), instant.getMilliseconds()];
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(millis).padStart(3, '0')}`;
}

function dateOf(instant: Date, isUtc: boolean): string {
  const [year, month, day] = isUtc
    ? [instant.getUTCFullYear(), instant.getUTCMonth(), instant.getUTCDate()]
    : [instant.getFullYear(), instant.getMonth(), instant.getDate()];
  return `${year}-${two(month + 1)}-${two(day)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Ages flicker less when seconds are whole. */
function roundAge(ageMs: number): number {
  return Math.trunc(ageMs / 1_000) * 1_000;
}
