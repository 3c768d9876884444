import { expect, test } from 'vitest';
import { type Causation, type StoredEvent } from '#contracts/event.ts';
import { causationRows } from './causation-tree.ts';

const event = (id: string, position: number): StoredEvent => ({
  specversion: '1.0',
  id,
  source: 's',
  type: 't',
  time: '2026-01-01T00:00:00.000Z',
  topic: 'orders',
  partition: 0,
  offset: position,
  position,
  recordedAt: `2026-01-01T00:00:0${position}.000Z`,
});

const causation = (ids: string[], edges: [string, string][]): Causation => {
  const events = ids.map((id, index) => event(id, index + 1));
  const [first] = events;
  if (first === undefined) throw new Error('no events');
  return {
    event: first,
    events,
    edges: edges.map(([cause, effect]) => ({ cause, effect })),
    truncated: false,
  };
};

test('puts every event below its cause', () => {
  const rows = causationRows(
    causation(
      ['placed', 'paid', 'reserved', 'shipped'],
      [
        ['placed', 'paid'],
        ['placed', 'reserved'],
        ['paid', 'shipped'],
      ],
    ),
  );

  expect(rows.map((row) => [row.event.id, row.depth])).toEqual([
    ['placed', 0],
    ['paid', 1],
    ['shipped', 2],
    ['reserved', 1],
  ]);
  expect(rows[2]?.sinceFirstMs).toBe(3_000);
});

test('shows each event once even when causes form a ring', () => {
  const rows = causationRows(
    causation(
      ['a', 'b'],
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
    ),
  );

  expect(rows.map((row) => row.event.id)).toEqual(['a', 'b']);
});
