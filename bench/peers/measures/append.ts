import {
  cpuPerEvent,
  type Measure,
  type MeasureContext,
  parameter,
  percentile,
} from '../measure.ts';
import { missingFrom, NumberSet } from '../number-set.ts';
import { benchData } from '../system.ts';

const WARM_UP_MS = 500;

/** Durable events per second of closed-loop writers, one event a call or a batch; counted only when all of them are stored. */
export const measureAppend: Measure = async (context) => {
  const batch = context.parameters['batch'] ?? 1;
  const store = storeWith(context, batch);
  if (store === undefined) return null;
  const writers = parameter(context, 'writers');
  const acknowledged: number[] = [];
  let next = 0;
  let latencies: number[] = [];
  let untilMs = 0;
  const write = async (writer: number) => {
    while (performance.now() < untilMs) {
      const first = next;
      next += batch;
      const startedMs = performance.now();
      await store(first, writer);
      latencies.push(performance.now() - startedMs);
      for (let n = first; n < first + batch; n += 1) acknowledged.push(n);
    }
  };
  const writeFor = async (ms: number) => {
    untilMs = performance.now() + ms;
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  };
  await writeFor(WARM_UP_MS);
  const before = acknowledged.length;
  latencies = [];
  const readCpu = await context.startCpu();
  const startedMs = performance.now();
  await writeFor(parameter(context, 'seconds') * 1_000);
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = readCpu();
  const count = acknowledged.length - before;
  latencies.sort((a, b) => a - b);
  return {
    value: count / seconds,
    extra: {
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      ...cpuPerEvent(cpu, count),
      ...(await verify(context, acknowledged)),
    },
  };
};

function storeWith({ system }: MeasureContext, batch: number) {
  const { append, appendMany } = system;
  if (batch === 1) return append && ((n: number, writer: number) => append(benchData(n), writer));
  return (
    appendMany &&
    ((first: number, caller: number) =>
      appendMany(
        Array.from({ length: batch }, (_, index) => benchData(first + index)),
        caller,
      ))
  );
}

/** Every acknowledged event is in the tables, none of them twice. */
async function verify({ system }: MeasureContext, acknowledged: readonly number[]) {
  const stored = new NumberSet();
  for (const n of await system.storedNumbers()) stored.add(n);
  return { lost: missingFrom(stored, acknowledged), duplicates: stored.repeated };
}
