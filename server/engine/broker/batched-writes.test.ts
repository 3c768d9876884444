import { expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { BatchedWrites } from './batched-writes.ts';

test('what is noted during a write that takes long is written after it', async () => {
  vi.useFakeTimers();
  try {
    const written: string[][] = [];
    const slow = Promise.withResolvers<void>();
    const writes = new BatchedWrites<string>({
      clock: systemClock,
      logger: silentLogger,
      write: (items) => {
        written.push([...items]);
        return written.length === 1 ? slow.promise : Promise.resolve();
      },
    });

    writes.note('first');
    await vi.advanceTimersByTimeAsync(100);
    writes.note('second');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written).toEqual([['first']]);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(200);

    expect(written).toEqual([['first'], ['second']]);
  } finally {
    vi.useRealTimers();
  }
});

test('what could not be written is written again, with what came meanwhile', async () => {
  vi.useFakeTimers();
  try {
    const written: string[][] = [];
    const writes = new BatchedWrites<string>({
      clock: systemClock,
      logger: silentLogger,
      write: (items) => {
        written.push([...items]);
        return written.length === 1 ? Promise.reject(new Error('away')) : Promise.resolve();
      },
    });

    writes.note('first');
    await vi.advanceTimersByTimeAsync(100);
    writes.note('second');
    await vi.advanceTimersByTimeAsync(1_000);

    expect(written).toEqual([['first'], ['first', 'second']]);
  } finally {
    vi.useRealTimers();
  }
});
