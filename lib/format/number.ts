const LOCALE = 'en-US';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });

const UNKNOWN = '–';

/** 12418 → "12,418". */
export function formatCount(value: number | null | undefined): string {
  return isKnown(value) ? whole.format(value) : UNKNOWN;
}

/** 12418 → "12.4K", for places with little room. */
export function formatCompact(value: number | null | undefined): string {
  return isKnown(value) ? compact.format(value) : UNKNOWN;
}

/** Per second, with as many digits as matter: 0.42, 12.4, 1,042. */
export function formatRate(perSecond: number | null | undefined): string {
  if (!isKnown(perSecond)) return UNKNOWN;
  if (perSecond >= 100) return whole.format(perSecond);
  return perSecond >= 1 || perSecond === 0
    ? oneDigit.format(perSecond)
    : twoDigits.format(perSecond);
}

/** 0.091 → "9.1 %". */
export function formatShare(share: number | null | undefined): string {
  return isKnown(share) ? percent.format(share).replace('%', ' %') : UNKNOWN;
}

/** 1 letter, 2 letters. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}
