// A process for one run of one measure on one system: `node bench/peers/run-once.ts <job as JSON>`, started with an IPC channel.
import pg from 'pg';
import { z } from 'zod';
import { startCpuMeter } from '../engine/cpu.ts';
import { type Measure } from './measure.ts';
import { measureAppend } from './measures/append.ts';
import { measureContend } from './measures/contend.ts';
import { measureDrain } from './measures/drain.ts';
import { measureFollow, measureLatency } from './measures/follow.ts';
import { measureReadAll, measureStream } from './measures/read.ts';
import { loadSystem } from './systems.ts';

const MEASURES: Readonly<Record<string, Measure>> = {
  append: measureAppend,
  latency: measureLatency,
  follow: measureFollow,
  drain: measureDrain,
  'read all': measureReadAll,
  stream: measureStream,
  contend: measureContend,
};

const jobSchema = z.object({
  system: z.string(),
  measure: z.string(),
  parameters: z.record(z.string(), z.number()),
  url: z.string(),
  connections: z.number(),
});

const job = jobSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
const { open, version, usage } = await loadSystem(job.system);
const measure = MEASURES[job.measure];
if (measure === undefined) throw new Error(`There is no measure ${job.measure}`);
const meterPool = new pg.Pool({ connectionString: job.url, max: 1 });
const system = await open(job.url, job.connections);
const result = await measure({
  system,
  parameters: job.parameters,
  startCpu: () => startCpuMeter({ pool: meterPool }),
});
await new Promise((resolve) => {
  process.send?.({ version, usage, result }, resolve);
});
// What a peer leaves running must not hold up the next.
process.exit(0);
