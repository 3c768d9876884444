import { describe, expect, it } from 'vitest';
import { renderFamilies } from './metric-family.ts';

describe('renderFamilies', () => {
  it('writes help, type and one line per sample', () => {
    const text = renderFamilies([
      {
        name: 'weir_deliveries_total',
        help: 'Attempts.',
        type: 'counter',
        samples: [{ labels: { subscription: 'billing', outcome: 'dead' }, value: 3 }],
      },
    ]);

    expect(text).toBe(
      '# HELP weir_deliveries_total Attempts.\n# TYPE weir_deliveries_total counter\n' +
        'weir_deliveries_total{subscription="billing",outcome="dead"} 3\n',
    );
  });

  it('escapes what a label or a help text may not hold as it is', () => {
    const text = renderFamilies([
      {
        name: 'weir_x',
        help: 'one\ntwo',
        type: 'gauge',
        samples: [{ labels: { topic: 'a"b\\c\nd' }, value: Number.POSITIVE_INFINITY }],
      },
    ]);

    expect(text).toContain('# HELP weir_x one\\ntwo\n');
    expect(text).toContain('weir_x{topic="a\\"b\\\\c\\nd"} +Inf\n');
  });

  it('leaves out a family without samples', () => {
    expect(renderFamilies([{ name: 'weir_x', help: 'x', type: 'gauge', samples: [] }])).toBe('\n');
  });
});
