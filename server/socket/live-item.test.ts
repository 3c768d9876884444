import { describe, expect, it } from 'vitest';
import { type EventsFrame, MAX_LIVE_DATA_BYTES } from '#contracts/live-feed.ts';
import { type LogRecord, toStoredEvent } from '#server/engine/log/event-record.ts';
import { frameJson, LiveItem } from './live-item.ts';

const record = (over: Partial<LogRecord> = {}): LogRecord => ({
  position: 7,
  topicId: 1,
  topic: 'orders',
  partition: 0,
  offset: 6,
  streamId: null,
  version: null,
  recordedAt: '2025-01-01T00:00:00.000Z',
  time: '2025-01-01T00:00:00.000Z',
  id: 'an-id',
  source: 'tester',
  type: 'order.placed',
  subject: null,
  key: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: '{"total":1}',
  dataBinary: null,
  ...over,
});

const many = Object.fromEntries(
  Array.from({ length: 64 }, (_, index) => [`e${index}`, '\u0001'.repeat(1_024)]),
);

const inWire = (item: LiveItem) => Buffer.byteLength(item.text);

describe('a live item', () => {
  it.each([
    ['a payload', record()],
    ['characters of several bytes', record({ subject: 'żółw', dataText: '"🐢"' })],
    ['bytes', record({ dataText: null, dataBinary: Buffer.from([1, 2, 255]) })],
    ['nothing', record({ dataText: null })],
    ['extensions', record({ extensions: { tenant: 'a', urgent: true } })],
  ])('is the event with %s as it is read over HTTP', (_, each) => {
    expect(JSON.parse(new LiveItem(each).text)).toEqual(toStoredEvent(each));
  });

  it('leaves out a large payload and large extensions, and says so', () => {
    const large = record({ dataText: JSON.stringify('x'.repeat(MAX_LIVE_DATA_BYTES)) });
    const { data: _data, ...withoutData } = toStoredEvent(large);

    const wide = new LiveItem(record({ extensions: many }));

    expect(JSON.parse(new LiveItem(large).text)).toEqual({ ...withoutData, datatruncated: true });
    expect(JSON.parse(wide.text)).toEqual({ ...toStoredEvent(record()), datatruncated: true });
  });

  it('counts what it takes in memory and on the wire, whichever is more', () => {
    const ascii = new LiveItem(record({ dataText: JSON.stringify('x'.repeat(10_000)) }));
    const oneOther = new LiveItem(record({ dataText: JSON.stringify(`🐢${'x'.repeat(10_000)}`) }));
    const threeBytes = new LiveItem(record({ dataText: JSON.stringify('龜'.repeat(5_000)) }));

    expect(ascii.sizeBytes).toBeGreaterThanOrEqual(inWire(ascii));
    expect(oneOther.sizeBytes).toBeGreaterThanOrEqual(2 * oneOther.text.length);
    expect(threeBytes.sizeBytes).toBeGreaterThanOrEqual(inWire(threeBytes));
  });

  it('is bounded, whatever an event consists of', () => {
    const longest = '\u0001'.repeat(1_024);
    const attributes = { id: longest, source: longest, type: longest, subject: longest };
    const links = { streamId: longest, correlationId: longest, causationId: longest };
    const dataText = JSON.stringify('x'.repeat(MAX_LIVE_DATA_BYTES - 2));

    const { sizeBytes } = new LiveItem(
      record({ ...attributes, ...links, extensions: many, dataText }),
    );

    expect(sizeBytes).toBeLessThan(64 * 1_024);
  });
});

it('a frame is the JSON of its events', () => {
  const records = [record(), record({ position: 8, offset: 7 })];
  const frame = { id: 'a"b', position: 9, sampled: true, dropped: 3 } as const;

  const text = frameJson({ ...frame, items: records.map((each) => new LiveItem(each)) });

  const expected: EventsFrame = { ...frame, items: records.map(toStoredEvent) };
  expect(JSON.parse(text)).toEqual(expected);
  expect(JSON.parse(frameJson({ ...frame, items: [] }))).toEqual({ ...frame, items: [] });
});
