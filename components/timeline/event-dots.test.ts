import { expect, test } from 'vitest';
import { type StoredEvent } from '#contracts/event.ts';
import { arcsAround, arcsOfCausation, indexDots, nearestDot } from './event-dots.ts';
import { hitTest } from './hit-test.ts';
import { countInRange, orderLanes } from './timeline-lanes.ts';

const start = Date.UTC(2026, 0, 1);
const buildEvent = (position: number, topic: string, cause?: number): StoredEvent => ({
  specversion: '1.0',
  id: `e${position}`,
  source: 'test',
  type: `${topic}.happened`,
  time: new Date(start).toISOString(),
  topic,
  partition: 0,
  offset: position,
  position,
  recordedAt: new Date(start + position * 100).toISOString(),
  ...(cause === undefined ? {} : { causationid: `e${cause}` }),
});
const lanes = new Set(['orders', 'payments', 'stock']);
const events = [
  buildEvent(1, 'orders'),
  buildEvent(2, 'payments', 1),
  buildEvent(3, 'stock', 2),
  buildEvent(4, 'stock', 1),
  buildEvent(5, 'hidden', 1),
];

test('arcs lead up to the first cause and down to every effect in view', () => {
  const dots = indexDots(events, 'topic', lanes);

  const arcs = arcsAround('e2', dots).map((arc) => `${arc.from.id}>${arc.to.id}`);

  expect(arcs).toEqual(['e1>e2', 'e2>e3']);
  expect(arcsAround('e1', dots)).toHaveLength(3);
});

test('an event that claims to cause itself does not go round for ever', () => {
  const dots = indexDots([buildEvent(1, 'orders', 1)], 'topic', lanes);
  expect(arcsAround('e1', dots)).toEqual([]);
});

test('the server knows arcs to events that are not loaded', () => {
  const arcs = arcsOfCausation(
    {
      event: buildEvent(1, 'orders'),
      events,
      edges: [{ cause: 'e1', effect: 'e2' }],
      truncated: false,
    },
    'topic',
    lanes,
  );
  expect(arcs.map((arc) => arc.to.id)).toEqual(['e2']);
});

test('the nearest dot within reach is hit, on its own lane only', () => {
  const dots = indexDots(events, 'topic', lanes);
  const stock = dots.byLane.get('stock') ?? [];

  expect(nearestDot(stock, start + 360, 100)?.id).toBe('e4');
  expect(nearestDot(stock, start + 1_000, 100)).toBeNull();

  const geometry = {
    width: 1_000,
    height: 150,
    laneHeight: 50,
    range: { from: start, to: start + 1_000 },
    lanes: ['orders', 'payments', 'stock'],
    laneIndex: new Map([
      ['orders', 0],
      ['payments', 1],
      ['stock', 2],
    ]),
  };
  const data = { timeline: undefined, dots };
  const hit = hitTest({ x: 203, y: 60, time: start + 203 }, geometry, data);
  expect(hit).toMatchObject({ kind: 'event', dot: { id: 'e2' } });
  expect(hitTest({ x: 203, y: 10, time: start + 203 }, geometry, data)).toBeNull();
});

const timeline = {
  after: new Date(start).toISOString(),
  before: new Date(start + 400).toISOString(),
  bucketMs: 100,
  lanes: [
    { name: 'orders', total: 6, counts: [1, 2, 3, 0], failed: [0, 0, 1, 0] },
    { name: '$system', total: 1, counts: [1, 0, 0, 0], failed: [0, 0, 0, 0] },
  ],
  total: 7,
  first: null,
  last: null,
};

test('counts are of the buckets in view', () => {
  const counts = countInRange(timeline, { from: start + 100, to: start + 300 });
  expect(counts.get('orders')).toEqual({ total: 5, failed: 1, peak: 3 });
});

test('lanes keep their row, new ones come below', () => {
  const order = orderLanes([], timeline);
  const basket = { name: 'basket', total: 1, counts: [1], failed: [0] };

  const later = orderLanes(order, { ...timeline, lanes: [basket, ...timeline.lanes] });

  expect(order).toEqual(['orders', '$system']);
  expect(later).toEqual(['orders', '$system', 'basket']);
  expect(orderLanes(later, timeline)).toBe(later);
});
