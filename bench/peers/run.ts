import { type ChildProcess, fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';
import { type Measurement, median } from '../measurement.ts';
import { readPostgresSettings } from '../postgres-settings.ts';
import { runSql } from '../run-sql.ts';
import { type Job } from './plan.ts';

const RUN_ONCE = join(import.meta.dirname, 'run-once.ts');
/** A run that hangs is ended and shown as such. */
const RUN_AT_MOST_MS = 240_000;

const outcomeSchema = z.object({
  version: z.string(),
  usage: z.string(),
  result: z
    .object({
      // What is not a number in one process is null in the next.
      value: z.number().nullable(),
      extra: z.record(z.string(), z.union([z.number(), z.string()]).nullable()),
    })
    .nullable(),
});
type Outcome = z.infer<typeof outcomeSchema>;
type RunOutcome = NonNullable<Outcome['result']>;

export type PeersOptions = {
  readonly jobs: readonly Job[];
  readonly runs: number;
  readonly say: (line: string) => void;
};

export type PeerResults = {
  readonly measurements: readonly Measurement[];
  /** Version and usage of each system that was measured. */
  readonly systems: Readonly<Record<string, { readonly version: string; readonly usage: string }>>;
  readonly settings: Readonly<Record<string, string>>;
};

/** Each run of each job in a process of its own on a fresh database of one Postgres; what fails is told and left out. */
export async function runPeers(options: PeersOptions): Promise<PeerResults> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataFolder: folder });
  const systems: Record<string, { version: string; usage: string }> = {};
  const measurements: Measurement[] = [];
  try {
    const settings = await readPostgresSettings(postgres.url);
    options.say(
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(' · '),
    );
    for (const group of groupsOf(options.jobs)) {
      const outcomes = await runGroup(postgres.url, group, options);
      for (const [job, { version, usage, results }] of outcomes) {
        systems[job.system] = { version, usage };
        const measurement = toMeasurement(job, results);
        measurements.push(measurement);
        options.say(lineOf(measurement));
      }
    }
    return { measurements, systems, settings };
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same work by different systems. */
function groupsOf(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const groups = Map.groupBy(jobs, (job) => `${job.title} ${JSON.stringify(job.parameters)}`);
  return [...groups.values()];
}

type JobOutcome = {
  readonly version: string;
  readonly usage: string;
  readonly results: RunOutcome[];
};

/** Takes turns: what the machine does besides hits all systems of a round, not one of them. */
async function runGroup(
  clusterUrl: string,
  group: readonly Job[],
  { runs, say }: PeersOptions,
): Promise<Map<Job, JobOutcome>> {
  const outcomes = new Map<Job, JobOutcome>();
  for (let run = 0; run < runs; run += 1) {
    for (const job of group) {
      const outcome = await runOnDatabase(clusterUrl, job, say);
      if (outcome === undefined || outcome.result === null) continue;
      const { version, usage, result } = outcome;
      const known = outcomes.get(job) ?? { version, usage, results: [] };
      known.results.push(result);
      outcomes.set(job, known);
    }
  }
  return outcomes;
}

/** Undefined when it failed, which is told: one run must not cost the others of an hour. */
async function runOnDatabase(
  clusterUrl: string,
  job: Job,
  say: (line: string) => void,
): Promise<Outcome | undefined> {
  const name = `peer_${Date.now()}`;
  const address = new URL(clusterUrl);
  address.pathname = `/${name}`;
  try {
    await runSql(clusterUrl, `CREATE DATABASE ${name}`);
    // What the run before left to be written must not be this one's burden.
    await runSql(clusterUrl, 'CHECKPOINT');
    const outcome = await runInProcess(job, address.href);
    await runSql(clusterUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    return outcome;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`${job.system}: ${job.title} ${JSON.stringify(job.parameters)} failed: ${reason}`);
    return undefined;
  }
}

function runInProcess(job: Job, url: string): Promise<Outcome> {
  const { system, measure, parameters, connections } = job;
  const text = JSON.stringify({ system, measure, parameters, connections, url });
  const child = fork(RUN_ONCE, [text], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_AT_MOST_MS);
  return outcomeOf(child).finally(() => clearTimeout(timer));
}

const ERROR_TAIL = 600;

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let outcome: unknown;
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-ERROR_TAIL);
    });
    child.once('error', reject);
    child.on('message', (message) => {
      outcome = message;
    });
    child.once('exit', (code, signal) => {
      const parsed = outcomeSchema.safeParse(outcome);
      if (parsed.success) resolve(parsed.data);
      else reject(new Error(`the process ended (${signal ?? code}) ${errors.trim()}`));
    });
  });
}

function toMeasurement(job: Job, results: readonly RunOutcome[]): Measurement {
  const names = new Set(results.flatMap((result) => Object.keys(result.extra)));
  return {
    name: job.title,
    system: job.system,
    parameters: job.parameters,
    unit: job.unit,
    higherIsBetter: job.higherIsBetter,
    values: results.map((result) => round(result.value ?? Number.NaN)),
    extra: Object.fromEntries([...names].map((name) => [name, combine(name, results)])),
  };
}

const WORST = new Set(['lost', 'late', 'duplicates', 'refused', 'unsent', 'unhandled', 'maxMs']);

/** The middle of the runs; of what must not happen, the worst of them. */
function combine(name: string, results: readonly RunOutcome[]): number | string {
  const values = results.map((result) => result.extra[name] ?? Number.NaN);
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === 0) return String(values[0]);
  return round(WORST.has(name) ? Math.max(...numbers) : median(numbers));
}

const round = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;

const said = (facts: Readonly<Record<string, number | string>>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

const lineOf = ({ name, system, parameters, unit, values, extra = {} }: Measurement): string =>
  `${system}: ${name} (${said(parameters)}) ${median(values)} ${unit} [${values.join(' · ')}] ${said(extra)}`;
