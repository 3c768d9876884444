import { EngineError } from '../errors.ts';

const YEAR_ONE_MS = Date.parse('0001-01-01T00:00:00Z');

/** RFC 3339 text as Postgres takes it: the year 0000 is valid there and unknown here, and everything is after it. */
export function instant(field: string, time: string | undefined): string | undefined {
  if (time === undefined) return undefined;
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds))
    throw new EngineError('invalid-request', `${field} is not an RFC 3339 time.`, { field });
  return milliseconds < YEAR_ONE_MS ? '-infinity' : time;
}
