import { type Measurement, median } from '../measurement.ts';
import { type Measured } from '../result-file.ts';
import { formatNumber } from './format-number.ts';

/** A Markdown table with a row for each thing measured and a column for each size of the log. */
export function growthTable({ measurements }: Measured): string {
  const sizes = sizesOf(measurements);
  const names = [...new Set(measurements.map((one) => one.name))];
  const lines = names.map((name) => {
    const cells = sizes.map((size) => {
      const row = measurements.find(
        (one) => one.name === name && one.parameters['events'] === size,
      );
      return row === undefined ? '' : cellOf(row);
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return [
    `| | ${sizes.map((size) => `${formatNumber(size)} events`).join(' | ')} |`,
    `|---|${sizes.map(() => '---|').join('')}`,
    ...lines,
  ].join('\n');
}

export const sizesOf = (measurements: readonly Measurement[]): number[] =>
  [...new Set(measurements.map((one) => Number(one.parameters['events'])))].toSorted(
    (a, b) => a - b,
  );

function cellOf({ values, unit, extra = {} }: Measurement): string {
  const small = extra['smallLog'];
  const ratio = typeof small === 'number' ? `, × ${(median(values) / small).toFixed(2)}` : '';
  return `${formatNumber(median(values))} ${unit}${ratio}`.trim();
}
