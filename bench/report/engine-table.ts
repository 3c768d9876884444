import { type Measurement, median } from '../measurement.ts';
import { type Measured } from '../result-file.ts';
import { formatNumber } from './format-number.ts';

/** A Markdown table with a row for each thing measured in the engine alone. */
export function engineTable({ measurements }: Measured): string {
  const lines = measurements.map(
    (one) =>
      `| ${one.name} | ${factsOf(one.parameters)} | ${formatNumber(median(one.values))} ${one.unit} | ${spreadOf(one)} | ${factsOf(one.extra ?? {})} |`,
  );
  return [
    '| work | with | median | lowest–highest | beside it |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

const spreadOf = ({ values }: Measurement): string =>
  `${formatNumber(Math.min(...values))}–${formatNumber(Math.max(...values))}`;

const factsOf = (facts: Readonly<Record<string, number | string>>): string =>
  Object.entries(facts)
    .map(
      ([name, value]) =>
        `${wordsOf(name)} ${typeof value === 'number' ? formatNumber(value) : value}`,
    )
    .join(', ');

/** nodeCpuUsPerEvent: node cpu us per event. */
const wordsOf = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
