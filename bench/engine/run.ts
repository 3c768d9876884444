// `npm run bench -- engine [append|latency|drain …]`: measures in the engine, without HTTP; without names everything, and keeps it.
import { parseArgs } from 'node:util';
import { type Measurement, median } from '../measurement.ts';
import { readPostgresSettings } from '../postgres-settings.ts';
import { writeResult } from '../result-file.ts';
import { benchAppend } from './append.ts';
import { benchAppendBatch } from './append-batch.ts';
import { type BenchCluster, startBenchCluster } from './bench-cluster.ts';
import { benchContended } from './contended.ts';
import { benchDrain } from './drain.ts';
import { benchIdle } from './idle.ts';
import { benchLatency } from './latency.ts';
import { benchReadAll } from './read-all.ts';
import { benchReplay } from './replay.ts';
import { benchShards } from './shards.ts';
import { benchStreamRead } from './stream-read.ts';

const MEASURES: Readonly<Record<string, (cluster: BenchCluster) => Promise<Measurement[]>>> = {
  append: benchAppend,
  'append-batch': benchAppendBatch,
  shards: benchShards,
  latency: benchLatency,
  drain: benchDrain,
  'read-all': benchReadAll,
  replay: benchReplay,
  'stream-read': benchStreamRead,
  contended: benchContended,
  idle: benchIdle,
};

const cluster = await startBenchCluster();
try {
  const { values, positionals: named } = parseArgs({
    allowPositionals: true,
    options: { shared: { type: 'boolean', default: false } },
  });
  const all: Measurement[] = [];
  for (const name of named.length === 0 ? Object.keys(MEASURES) : named) {
    const measure = MEASURES[name];
    if (measure === undefined)
      throw new Error(`${name} is none of ${Object.keys(MEASURES).join(', ')}`);
    for (const one of await measure(cluster)) {
      all.push(one);
      process.stdout.write(`${lineOf(one)}\n`);
    }
  }
  if (named.length === 0) {
    const settings = await readPostgresSettings(await cluster.createDatabase());
    const result = { settings, systems: {}, measurements: all, isShared: values.shared };
    process.stdout.write(`Kept in ${writeResult({ kind: 'engine', ...result })}\n`);
  }
} finally {
  await cluster.stop();
}

function lineOf({ name, parameters, unit, values, extra = {} }: Measurement): string {
  const said = (facts: Readonly<Record<string, number | string>>) =>
    Object.entries(facts)
      .map(([key, value]) => `${key} ${typeof value === 'number' ? round(value) : value}`)
      .join(', ');
  const runs = values.map(round).join(' · ');
  return `${name} (${said(parameters)}): ${round(median(values))} ${unit} [${runs}] ${said(extra)}`;
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
