import { type Measurement, median } from '../measurement.ts';
import { type Measured } from '../result-file.ts';
import { formatNumber } from './format-number.ts';

/** One Markdown table for each measure, a row for each system and a column for each set of parameters. */
export function peerTables({ measurements }: Measured): string {
  const titles = [...new Set(measurements.map((one) => one.name))];
  return titles
    .map((title) =>
      table(
        title,
        measurements.filter((one) => one.name === title),
      ),
    )
    .join('\n\n');
}

function table(title: string, rows: readonly Measurement[]): string {
  const columns = [...new Set(rows.map(parametersOf))];
  const systems = [...new Set(rows.map((row) => row.system))];
  const lines = systems.map((system) => {
    const cells = columns.map((column) => {
      const row = rows.find((one) => one.system === system && parametersOf(one) === column);
      return row === undefined ? '' : cellOf(row);
    });
    return `| ${system} | ${cells.join(' | ')} |`;
  });
  return [
    `**${title}**, ${rows[0]?.unit ?? ''}`,
    '',
    `| | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...lines,
  ].join('\n');
}

const NOT_SAID = new Set(['seconds']);

const parametersOf = ({ parameters }: Measurement): string =>
  Object.entries(parameters)
    .filter(([name]) => !NOT_SAID.has(name))
    .map(([name, value]) => `${name} ${typeof value === 'number' ? formatNumber(value) : value}`)
    .join(', ');

/** What must not happen, when it did. */
const FAULTS = ['lost', 'late', 'duplicates', 'refused', 'unsent', 'unhandled'] as const;

function cellOf({ values, extra = {} }: Measurement): string {
  const low = formatNumber(Math.min(...values));
  const high = formatNumber(Math.max(...values));
  const p99 = extra['p99Ms'];
  const said = [
    `**${formatNumber(median(values))}** (${low}–${high})`,
    ...(typeof p99 === 'number' ? [`p99 ${formatNumber(p99)} ms`] : []),
    ...FAULTS.flatMap((fault) => {
      const count = extra[fault];
      return typeof count === 'number' && count > 0 ? [`${formatNumber(count)} ${fault}`] : [];
    }),
  ];
  return said.join('; ');
}
