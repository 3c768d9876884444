import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LogRecord } from './event-record.ts';
import { LogTail } from './log-tail.ts';

const record = (position: number, partition: number, offset: number): LogRecord => ({
  position,
  topicId: 1,
  topic: 't',
  partition,
  offset,
  streamId: null,
  version: null,
  recordedAt: '2025-01-01T00:00:00.000Z',
  time: '2025-01-01T00:00:00.000Z',
  id: String(position),
  source: 's',
  type: 't',
  subject: null,
  key: null,
  correlationId: null,
  causationId: null,
  extensions: null,
  dataText: 'x'.repeat(100),
  dataBinary: null,
});

describe('the tail cache', () => {
  test('answers only what it holds completely', () => {
    const tail = new LogTail(5_000);
    const all: LogRecord[] = [];
    for (let position = 1; position <= 100; position += 1) {
      const added = record(position, position % 3, Math.floor((position - 1) / 3));
      all.push(added);
      tail.add(position - 1, [added]);
    }

    expect(tail.position).toBe(100);
    expect(tail.after(100, 10, 1e9)).toEqual([]);
    expect(tail.after(97, 10, 1e9)).toEqual(all.slice(97));
    expect(tail.after(0, 10, 1e9)).toBeNull();
  });

  test('holds less of what is large in its extensions', () => {
    const tail = new LogTail(100_000);
    const extensions = Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`e${index}`, 'x'.repeat(1_000)]),
    );

    tail.add(
      0,
      [1, 2, 3].map((at) => ({ ...record(at, 0, at - 1), extensions })),
    );

    expect(tail.after(1, 10, 1e9)).toBeNull();
    expect(tail.after(2, 10, 1e9)).toHaveLength(1);
  });

  test('starts anew after a write by somebody else', () => {
    const tail = new LogTail();
    tail.add(0, [record(1, 0, 0)]);

    tail.add(5, [record(6, 0, 3)]);

    expect(tail.after(0, 10, 1e9)).toBeNull();
    expect(tail.after(5, 10, 1e9)).toHaveLength(1);
    expect(tail.ofPartition({ topicId: 1, partition: 0, offset: 0, limit: 10 })).toBeNull();
    expect(tail.ofPartition({ topicId: 1, partition: 0, offset: 3, limit: 10 })).toHaveLength(1);
  });

  test('a partition is read from any offset it holds, as the whole log would give it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 80 }),
        fc.nat(80),
        fc.integer({ min: 1_000, max: 20_000 }),
        (partitions, from, maxBytes) => {
          const tail = new LogTail(maxBytes);
          const next = [0, 0, 0];
          const all = partitions.map((partition, index) => {
            const added = record(index + 1, partition, next[partition] ?? 0);
            next[partition] = (next[partition] ?? 0) + 1;
            tail.add(index, [added]);
            return added;
          });
          const found = tail.ofPartition({ topicId: 1, partition: 0, offset: from, limit: 1_000 });
          const expected = all.filter((one) => one.partition === 0 && one.offset >= from);
          expect(found === null || JSON.stringify(found) === JSON.stringify(expected)).toBe(true);
        },
      ),
    );
  });
});
