// `node bench/engine/run.ts [append|latency|drain …]`: measures in the engine, without HTTP; without names everything.
import { type Measurement, median } from '../measurement.ts';
import { benchAppend } from './append.ts';
import { benchAppendBatch } from './append-batch.ts';
import { type BenchCluster, startBenchCluster } from './bench-cluster.ts';
import { benchContended } from './contended.ts';
import { benchDrain } from './drain.ts';
import { benchLatency } from './latency.ts';
import { benchReadAll } from './read-all.ts';
import { benchReplay } from './replay.ts';
import { benchStreamRead } from './stream-read.ts';

const MEASURES: Readonly<Record<string, (cluster: BenchCluster) => Promise<Measurement[]>>> = {
  append: benchAppend,
  'append-batch': benchAppendBatch,
  latency: benchLatency,
  drain: benchDrain,
  'read-all': benchReadAll,
  replay: benchReplay,
  'stream-read': benchStreamRead,
  contended: benchContended,
};

const cluster = await startBenchCluster();
try {
  const named = process.argv.slice(2);
  for (const name of named.length === 0 ? Object.keys(MEASURES) : named) {
    const measure = MEASURES[name];
    if (measure === undefined)
      throw new Error(`${name} is none of ${Object.keys(MEASURES).join(', ')}`);
    for (const one of await measure(cluster)) process.stdout.write(`${lineOf(one)}\n`);
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
