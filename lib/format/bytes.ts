const STEP = 1_024;
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** 262144 → "256 KB". Steps of 1,024. */
export function formatBytes(bytes: number): string {
  const power =
    bytes < 1 ? 0 : Math.min(Math.floor(Math.log(bytes) / Math.log(STEP)), UNITS.length - 1);
  const value = bytes / STEP ** power;
  const text =
    value < 10 && power > 0 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
  return `${text} ${UNITS[power]}`;
}

/** Size of a value as JSON in UTF-8, which is what counts against the limits. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value);
  return text === undefined ? 0 : new TextEncoder().encode(text).length;
}
