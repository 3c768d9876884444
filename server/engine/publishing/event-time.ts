const CANONICAL_LENGTH = 24;
const RFC_3339 =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');
const MAX_LENGTH = 64;

/** An RFC 3339 time as UTC with milliseconds, or null when it is none or outside the years 0001 to 9999. */
export function normaliseTime(text: string): string | null {
  const direct = text.length === CANONICAL_LENGTH ? toUtc(Date.parse(text)) : null;
  if (direct === text) return text;
  const match = text.length > MAX_LENGTH ? null : RFC_3339.exec(text);
  if (match === null) return null;
  const [, year = '', month = '', day = '', clock = '', second = '', fraction = '', zone = ''] =
    match;
  if (Number(day) > daysIn(Number(year), Number(month))) return null;
  const date = `${year}-${month}-${day}T${clock}`;
  // A leap second is the first instant of the next minute, as Postgres has it.
  if (second === '60') return toUtc(Date.parse(`${date}59${zone.toUpperCase()}`) + 1_000);
  return toUtc(Date.parse(`${date}${second}${fraction.slice(0, 4)}${zone.toUpperCase()}`));
}

function toUtc(instant: number): string | null {
  if (!(instant >= FIRST_INSTANT && instant <= LAST_INSTANT)) return null;
  return new Date(instant).toISOString();
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
