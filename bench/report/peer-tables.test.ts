import { expect, test } from 'vitest';
import { type Measurement } from '../measurement.ts';
import { barChart } from './bar-chart.ts';
import { peerPanels } from './peer-panels.ts';
import { peerTables } from './peer-tables.ts';

const measured = (over: Partial<Measurement>): Measurement => ({
  name: 'read everything',
  system: 'weir',
  parameters: { events: 1_000_000 },
  unit: 'events/s',
  higherIsBetter: true,
  values: [30_000, 10_000, 20_000],
  ...over,
});

test('shows the middle of the runs, the spread, and what was lost', () => {
  const measurements = [
    measured({ extra: { lost: 0 } }),
    measured({ system: 'poller', values: [5], extra: { lost: 94, p99Ms: 12.34 } }),
  ];

  const text = peerTables({ measurements });

  expect(text).toContain('| | events 1,000,000 |');
  expect(text).toContain('| weir | **20,000** (10,000–30,000) |');
  expect(text).toContain('| poller | **5** (5–5); p99 12.3 ms; 94 lost |');
});

test('draws the best first, with its figure, and says beside a bar what was lost', () => {
  const measurements = [
    measured({ system: 'a < b', values: [5], extra: { lost: 94 } }),
    measured({ values: [10] }),
  ];

  const svg = barChart('A & B', peerPanels({ measurements }));

  expect(svg.indexOf('>weir<')).toBeLessThan(svg.indexOf('>a &lt; b<'));
  expect(svg).toContain('<title>A &amp; B</title>');
  expect(svg).toContain('94 lost');
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));
  expect((widths[0] ?? 0) / (widths[1] ?? 1)).toBeCloseTo(2, 1);
});
