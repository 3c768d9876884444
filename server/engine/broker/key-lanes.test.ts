import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyLanes } from './key-lanes.ts';

describe('KeyLanes', () => {
  test('at most one of a key runs, and all run in the order they came', () => {
    const steps = fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 500 });
    fc.assert(
      fc.property(steps, (list) => {
        const lanes = new KeyLanes<{ key: string; n: number }>();
        const running = new Map<string, number>();
        const last = new Map<string, number>();
        const begin = (item: { key: string; n: number }) => {
          expect(running.has(item.key)).toBe(false);
          expect(item.n).toBeGreaterThan(last.get(item.key) ?? -1);
          running.set(item.key, item.n);
          last.set(item.key, item.n);
        };
        for (const [n, [choice, enters]] of list.entries()) {
          const item = { key: `k${choice}`, n };
          if (enters) {
            if (lanes.enter(item.key, item) === 'run') begin(item);
          } else if (running.delete(item.key)) {
            const next = lanes.leave(item.key);
            if (next !== null) begin(next);
          }
        }
      }),
    );
  });

  test('a blocked key gives up those who wait and parks those who come, until it is free', () => {
    const lanes = new KeyLanes<number>();
    lanes.enter('k', 1);
    lanes.enter('k', 2);
    expect(lanes.block('k')).toEqual([2]);
    expect(lanes.enter('k', 3)).toBe('park');
    expect(lanes.parked).toBe(2);
    expect(lanes.enter('other', 4)).toBe('run');
    lanes.unparked('k');
    expect(lanes.parkedBehind('k')).toBe(1);
    lanes.unblock('k');
    expect(lanes.parked).toBe(0);
    expect(lanes.enter('k', 5)).toBe('run');
  });

  test('a restored key is blocked with what is parked behind it', () => {
    const lanes = new KeyLanes<number>();
    lanes.restore('k', 7);
    expect(lanes.isBlocked('k')).toBe(true);
    expect(lanes.parked).toBe(7);
  });
});
