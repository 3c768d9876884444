import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Measurement } from './measurement.ts';

const FOLDER = join(import.meta.dirname, 'results');
const BYTES_PER_GB = 1_073_741_824;

const measurementSchema = z.object({
  name: z.string(),
  system: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string()])),
  unit: z.string(),
  higherIsBetter: z.boolean(),
  // What was not a number is null in JSON.
  values: z.array(
    z
      .number()
      .nullable()
      .transform((value) => value ?? Number.NaN),
  ),
  extra: z
    .record(
      z.string(),
      z
        .union([z.number(), z.string()])
        .nullable()
        .transform((value) => value ?? Number.NaN),
    )
    .default({}),
});

const resultSchema = z.object({
  kind: z.string(),
  takenAt: z.string(),
  /** Short hash; `+` when the work tree had changes. */
  commit: z.string(),
  machine: z.object({
    cpus: z.number(),
    model: z.string(),
    memoryGb: z.number(),
    node: z.string(),
    /** Whether other work ran on the machine meanwhile. */
    isShared: z.boolean(),
  }),
  /** What a reader must know of this run beyond the rest. */
  note: z.string().optional(),
  settings: z.record(z.string(), z.string()),
  systems: z.record(z.string(), z.object({ version: z.string(), usage: z.string() })),
  measurements: z.array(measurementSchema),
});
export type BenchResult = z.infer<typeof resultSchema>;

/** What a table or a chart is made of. */
export type Measured = { readonly measurements: readonly Measurement[] };

export type NewResult = {
  readonly kind: 'peers' | 'growth' | 'engine';
  readonly isShared: boolean;
  readonly settings: Readonly<Record<string, string>>;
  readonly systems: BenchResult['systems'];
  readonly measurements: readonly Measurement[];
};

/** Keeps a run below bench/results, with what it ran on; answers the path of the file. */
export function writeResult({ isShared, ...result }: NewResult): string {
  const takenAt = new Date().toISOString();
  const commit =
    git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / BYTES_PER_GB),
    node: process.version,
    isShared,
  };
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${result.kind}-${takenAt.slice(0, 16).replaceAll(':', '')}.json`);
  writeFileSync(path, `${JSON.stringify({ ...result, takenAt, commit, machine }, null, 1)}\n`);
  return path;
}

/** The newest result of a kind; undefined when none was kept. */
export function readNewestResult(kind: NewResult['kind']): BenchResult | undefined {
  const files = readdirSync(FOLDER).filter((name) => name.startsWith(`${kind}-`));
  const newest = files.toSorted().at(-1);
  if (newest === undefined) return undefined;
  return resultSchema.parse(JSON.parse(readFileSync(join(FOLDER, newest), 'utf8')));
}

function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
