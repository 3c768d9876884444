import { type Decimal, parseDecimal } from './decimal.ts';

/** A number a JS number cannot hold exactly: many digits, or a result of exact arithmetic. */
export class ExactNumber {
  readonly decimal: Decimal;

  constructor(decimal: Decimal) {
    this.decimal = decimal;
  }
}

export type PathNumber = number | ExactNumber;

export const isPathNumber = (item: unknown): item is PathNumber =>
  typeof item === 'number' || item instanceof ExactNumber;

export function decimalOf(number: PathNumber): Decimal {
  if (number instanceof ExactNumber) return number.decimal;
  return parseDecimal(String(number)) ?? { coefficient: 0n, exponent: 0 };
}

// At most 15 significant digits and a small exponent survive the way through a JS number.
const PERHAPS_INEXACT = /[\d.]{16}|\d[eE][+-]?\d{3}/;
const MAX_EXACT_DIGITS = 15;
// jsonb refuses the NUL character. An even number of backslashes before it would make it plain text.
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;
const MAYBE_SURROGATE = /\\u[dD][89a-fA-F]/;

/** JSON text as Postgres's jsonb holds it, or undefined when jsonb cannot hold it. */
export function parseJsonb(text: string): unknown {
  if (NUL.test(text)) return undefined;
  try {
    const value: unknown = PERHAPS_INEXACT.test(text)
      ? JSON.parse(text, exactNumbers)
      : JSON.parse(text);
    return MAYBE_SURROGATE.test(text) && !isWellFormed(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function exactNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  const digits = context.source.replaceAll(/[eE].*$|\D/g, '').replace(/^0+/, '');
  if (digits.length <= MAX_EXACT_DIGITS && Number.isFinite(value) && value !== 0) return value;
  const decimal = parseDecimal(context.source);
  if (decimal === null) throw new RangeError('The number is out of range for jsonb.');
  return new ExactNumber(decimal);
}

/** Half a surrogate pair is no character: jsonb refuses it. */
const isWellFormed = (value: unknown): boolean =>
  JSON.stringify(value).search(/\\ud[89a-f]/) === -1;
