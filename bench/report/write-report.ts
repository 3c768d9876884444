import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResult, readNewestResult } from '../result-file.ts';
import { barChart } from './bar-chart.ts';
import { engineTable } from './engine-table.ts';
import { growthTable } from './growth-table.ts';
import { peerPanels } from './peer-panels.ts';
import { peerTables } from './peer-tables.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const PAGE = join(DOCS, 'benchmarks.md');
const CHART = join(DOCS, 'images/benchmarks.svg');

/** Writes the figures of the newest kept results into docs/benchmarks.md and draws the chart; nothing there is typed by hand. */
export function writeReport(): void {
  const peers = readNewestResult('peers');
  const growth = readNewestResult('growth');
  if (peers !== undefined) {
    const title = 'Weir beside other event stores and queues on the same Postgres';
    writeFileSync(CHART, barChart(title, peerPanels(peers)));
    putSection(
      'peers',
      [
        `![${title}](images/benchmarks.svg)`,
        provenance(peers),
        systemsTable(peers),
        peerTables(peers),
      ].join('\n\n'),
    );
  }
  const engine = readNewestResult('engine');
  if (engine !== undefined)
    putSection('engine', [provenance(engine), engineTable(engine)].join('\n\n'));
  if (growth !== undefined)
    putSection('growth', [provenance(growth), growthTable(growth)].join('\n\n'));
}

function provenance(result: BenchResult): string {
  const { machine, settings, takenAt, commit, measurements, note } = result;
  const counts = measurements.map((one) => one.values.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const runs = least === most ? `${most}` : `${least} to ${most}`;
  const where = `${machine.cpus} cores (${machine.model}), ${machine.memoryGb} GB, Node ${machine.node}`;
  const shared = machine.isShared
    ? '**Other work ran on the machine meanwhile**: compare the rows with each other, not with another machine.'
    : 'Nothing else ran on the machine.';
  const said = Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ');
  return `Taken ${takenAt.slice(0, 16).replace('T', ' ')} UTC at ${commit}, ${runs === '1' ? 'one run' : `${runs} runs`} of each, on ${where}. ${shared} Postgres: ${said}.${note === undefined ? '' : ` ${note}`}`;
}

function systemsTable({ systems }: BenchResult): string {
  const rows = Object.entries(systems).map(
    ([name, { version, usage }]) => `| ${name} | ${version} | ${usage} |`,
  );
  return ['| system | version | measured through |', '|---|---|---|', ...rows].join('\n');
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. Throws when the page has no such place. */
function putSection(name: string, text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const open = `<!-- ${name} -->`;
  const close = `<!-- /${name} -->`;
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the ${name}`);
  writeFileSync(PAGE, `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`);
}
