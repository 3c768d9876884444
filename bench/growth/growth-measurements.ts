import { type Measurement, median } from '../measurement.ts';
import { type SizeFigures } from './run.ts';

/** What was measured at each size, as it is kept. */
export function growthMeasurements(sizes: readonly SizeFigures[]): Measurement[] {
  return sizes.flatMap(({ size, probes, disk, plans, fillPerSecond }) => {
    const base = { system: 'weir', parameters: { events: size } };
    const leaves = new Set(plans.map((access) => access.relation)).size;
    return [
      ...probes.map(({ name, ms, smallMs }) => ({
        ...base,
        name: `${name}, p50`,
        unit: 'ms',
        higherIsBetter: false,
        values: ms,
        extra: { smallLog: median(smallMs) },
      })),
      {
        ...base,
        name: 'disk per event, indexes included',
        unit: 'bytes',
        higherIsBetter: false,
        values: [disk.bytesPerEvent],
        extra: { heap: disk.heapBytesPerEvent, indexes: disk.indexBytesPerEvent },
      },
      {
        ...base,
        name: 'leaves a hot statement opened',
        unit: '',
        higherIsBetter: false,
        values: [leaves],
        extra: {
          plans: plans.map(({ node, index, pages }) => `${node} ${index} ${pages}`).join('; '),
        },
      },
      {
        ...base,
        name: 'filled until then',
        unit: 'events/s',
        higherIsBetter: true,
        values: [fillPerSecond],
      },
    ];
  });
}
