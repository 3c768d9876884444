import { cpuPerEvent, type Measure, parameter } from '../measure.ts';
import { NumberSet } from '../number-set.ts';
import { benchData } from '../system.ts';
import { preload } from './drain.ts';

const STREAM = 'account-1';
const STREAM_APPEND = 500;
const READS = 5;

/** Everything from the first event to the last, by the system's own way to read. */
export const measureReadAll: Measure = async (context) => {
  const { readAll } = context.system;
  const events = parameter(context, 'events');
  if (readAll === undefined || !(await preload(context, events))) return null;
  const seen = new NumberSet();
  const readCpu = await context.startCpu();
  const startedMs = performance.now();
  await readAll((n) => seen.add(n));
  const seconds = (performance.now() - startedMs) / 1_000;
  return {
    value: events / seconds,
    extra: {
      lost: events - seen.distinct,
      duplicates: seen.repeated,
      ...cpuPerEvent(readCpu(), events),
    },
  };
};

/** One long stream, as an aggregate is rebuilt from it: the middle of a few reads, in milliseconds. */
export const measureStream: Measure = async (context) => {
  const { appendToStream, readStream } = context.system;
  if (appendToStream === undefined || readStream === undefined) return null;
  const events = parameter(context, 'events');
  for (let first = 0; first < events; first += STREAM_APPEND) {
    const data = Array.from({ length: STREAM_APPEND }, (_, index) => benchData(first + index));
    await appendToStream(STREAM, data);
  }
  const timesMs: number[] = [];
  for (let read = 0; read <= READS; read += 1) {
    const startedMs = performance.now();
    const numbers = await readStream(STREAM);
    timesMs.push(performance.now() - startedMs);
    if (numbers.length !== events || numbers.some((n, index) => n !== index))
      throw new Error('The stream came back other than it was written');
  }
  // The first one warms the connection and the statement up.
  const sorted = timesMs.slice(1).toSorted((a, b) => a - b);
  return {
    value: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    extra: { firstReadMs: timesMs[0] ?? Number.NaN },
  };
};
