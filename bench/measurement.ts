/** One measured quantity: one value per run, in the order of the runs. */
export type Measurement = {
  /** What was done, as it is told in a table: "drain of 100,000". */
  readonly name: string;
  /** Who did it: "weir", "pg-boss". */
  readonly system: string;
  /** What the work depended on: writers, batch, events, rate … */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** "events/s", "ms", "µs/row". */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly values: readonly number[];
  /** What stands beside the figure: CPU µs per event, other percentiles, versions, how the work was verified. */
  readonly extra?: Readonly<Record<string, number | string>>;
};

/** The middle value; the lower of the two middles for an even count. NaN for none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
