import { type OpenSystem } from './system.ts';

/** One run of one measure: the figure, and what stands beside it. */
export type RunResult = {
  readonly value: number;
  readonly extra: Readonly<Record<string, number | string>>;
};

export type MeasureContext = {
  readonly system: OpenSystem;
  readonly parameters: Readonly<Record<string, number>>;
  /** Starts counting the CPU time of this process and of Postgres; the result is milliseconds of each. */
  readonly startCpu: () => Promise<() => { readonly node: number; readonly postgres: number }>;
};

/** null: the system has no public way to do this. */
export type Measure = (context: MeasureContext) => Promise<RunResult | null>;

export function parameter({ parameters }: MeasureContext, name: string): number {
  const value = parameters[name];
  if (value === undefined) throw new Error(`The measure needs the parameter ${name}`);
  return value;
}

/** The value below which this share of the sorted values lies. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export function cpuPerEvent(
  cpu: { readonly node: number; readonly postgres: number },
  events: number,
): Record<string, number> {
  return {
    clientCpuUsPerEvent: (cpu.node * 1_000) / events,
    postgresCpuUsPerEvent: (cpu.postgres * 1_000) / events,
  };
}
