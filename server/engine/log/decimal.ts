/** An exact decimal number, coefficient · 10^exponent: what Postgres's numeric is to JSON numbers. */
export type Decimal = { readonly coefficient: bigint; readonly exponent: number };

/** Further powers of ten than these do not fit Postgres's numeric. */
const MAX_EXPONENT = 131_072;
const DIVISION_DIGITS = 20;

/** Reads JSON number text; null when Postgres's numeric could not hold it. */
export function parseDecimal(text: string): Decimal | null {
  const [mantissa = '0', power = '0'] = text.toLowerCase().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) + whole.length > MAX_EXPONENT) return null;
  return { coefficient: BigInt(`${whole}${fraction}`), exponent };
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  const [left, right] = aligned(a, b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function computeDecimal(
  operator: '+' | '-' | '*' | '/' | '%',
  a: Decimal,
  b: Decimal,
): Decimal | null {
  if (operator === '*')
    return { coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent };
  const [left, right, exponent] = aligned(a, b);
  if (operator === '+') return { coefficient: left + right, exponent };
  if (operator === '-') return { coefficient: left - right, exponent };
  if (right === 0n) return null;
  if (operator === '%') return { coefficient: left % right, exponent };
  return {
    coefficient: roundedQuotient(left * 10n ** BigInt(DIVISION_DIGITS), right),
    exponent: -DIVISION_DIGITS,
  };
}

/** As a JS number; infinite when out of its range. */
export const approximate = (a: Decimal): number => Number(`${a.coefficient}e${a.exponent}`);

export const negated = (a: Decimal): Decimal => ({ ...a, coefficient: -a.coefficient });

export const absolute = (a: Decimal): Decimal => (a.coefficient < 0n ? negated(a) : a);

/** The nearest whole number not above, or not below. */
export function wholeDecimal(a: Decimal, towards: 'floor' | 'ceiling'): Decimal {
  if (a.exponent >= 0) return a;
  const unit = 10n ** BigInt(-a.exponent);
  const cut = a.coefficient / unit;
  const rest = a.coefficient % unit;
  if (towards === 'floor' && rest < 0n) return { coefficient: cut - 1n, exponent: 0 };
  if (towards === 'ceiling' && rest > 0n) return { coefficient: cut + 1n, exponent: 0 };
  return { coefficient: cut, exponent: 0 };
}

/** As an index: the fraction is cut off. Null when it is no 32-bit integer. */
export function toIndex(a: Decimal): number | null {
  const whole =
    a.exponent >= 0
      ? a.coefficient * 10n ** BigInt(a.exponent)
      : a.coefficient / 10n ** BigInt(-a.exponent);
  return whole >= -2_147_483_648n && whole <= 2_147_483_647n ? Number(whole) : null;
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [
    a.coefficient * 10n ** BigInt(a.exponent - exponent),
    b.coefficient * 10n ** BigInt(b.exponent - exponent),
    exponent,
  ];
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const top = dividend < 0n ? -dividend : dividend;
  const bottom = divisor < 0n ? -divisor : divisor;
  const quotient = (top * 2n + bottom) / (bottom * 2n);
  return negative ? -quotient : quotient;
}
