import { type Measurement, median } from '../measurement.ts';
import { type Measured } from '../result-file.ts';
import { type Bar, type Panel } from './bar-chart.ts';

type Wanted = {
  readonly title: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
};

const WANTED: readonly Wanted[] = [
  {
    title: 'Durable appends a second, 1 writer',
    name: 'single durable append',
    parameters: { writers: 1 },
  },
  {
    title: 'Durable appends a second, 64 writers',
    name: 'single durable append',
    parameters: { writers: 64 },
  },
  { title: 'Events a second in batches of 100 × 4', name: 'batches', parameters: { batch: 100 } },
  {
    title: 'Publish → handler at 500/s, p50 in ms (less is better)',
    name: 'publish → handler, p50',
    parameters: { rate: 500 },
  },
  { title: 'Backlog handled, events a second', name: 'drain of a backlog', parameters: {} },
  { title: 'Read everything, events a second', name: 'read everything', parameters: {} },
  {
    title: 'Read a stream of 10,000, ms (less is better)',
    name: 'read one stream',
    parameters: {},
  },
  {
    title: 'Appends to one stream with retry, a second',
    name: 'appends to one stream, with retry',
    parameters: {},
  },
];

/** The panels of the chart; the best first, and what loses events says so. */
export function peerPanels({ measurements }: Measured): Panel[] {
  return WANTED.map(({ title, name, parameters }) => ({
    title,
    bars: measurements
      .filter((one) => one.name === name && matches(one, parameters))
      .toSorted(byMerit)
      .map(barOf),
  })).filter((panel) => panel.bars.length > 0);
}

const matches = (one: Measurement, wanted: Readonly<Record<string, number>>): boolean =>
  Object.entries(wanted).every(([name, value]) => one.parameters[name] === value);

const byMerit = (a: Measurement, b: Measurement): number =>
  a.higherIsBetter ? median(b.values) - median(a.values) : median(a.values) - median(b.values);

const LOSSES = ['lost', 'unhandled', 'late'];

function barOf({ system, values, extra = {} }: Measurement): Bar {
  const losses = LOSSES.flatMap((loss) => {
    const count = extra[loss];
    return typeof count === 'number' && count > 0 ? [`${count} ${loss}`] : [];
  });
  return {
    label: system.replace(' (control)', ''),
    value: median(values),
    note: losses.join(', '),
    kind: kindOf(system),
  };
}

/** Postgres by hand is what can be had at most, not something to use instead. */
function kindOf(system: string): Bar['kind'] {
  if (system === 'weir') return 'ours';
  return system.startsWith('raw pg') ? 'bound' : 'peer';
}
