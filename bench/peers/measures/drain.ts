import { cpuPerEvent, type Measure, type MeasureContext, parameter, sleep } from '../measure.ts';
import { NumberSet } from '../number-set.ts';
import { benchData } from '../system.ts';

const PRELOAD_BATCH = 500;
const PRELOAD_CALLERS = 4;
const GIVE_UP_MS = 20_000;
const LOOK_EVERY_MS = 5;

/** Stores the numbers 0 … events − 1 by the system's own batches, and lets it forget them; false when it has none. */
export async function preload({ system }: MeasureContext, events: number): Promise<boolean> {
  const { appendMany } = system;
  if (appendMany === undefined) return false;
  let next = 0;
  const work = async (caller: number) => {
    while (next < events) {
      const first = next;
      next = Math.min(events, first + PRELOAD_BATCH);
      const count = next - first;
      const data = Array.from({ length: count }, (_, index) => benchData(first + index));
      await appendMany(data, caller);
    }
  };
  await Promise.all(Array.from({ length: PRELOAD_CALLERS }, (_, caller) => work(caller)));
  await system.forget?.();
  return true;
}

/** A backlog handed to a handler that does nothing, until all of it is handled and recorded as handled. */
export const measureDrain: Measure = async (context) => {
  const { consume } = context.system;
  const events = parameter(context, 'events');
  if (consume === undefined || !(await preload(context, events))) return null;
  const seen = new NumberSet();
  const readCpu = await context.startCpu();
  const startedMs = performance.now();
  const consumer = await consume((n) => seen.add(n));
  const giveUpMs = startedMs + GIVE_UP_MS;
  while (seen.distinct < events && performance.now() < giveUpMs) await sleep(LOOK_EVERY_MS);
  const handledMs = performance.now() - startedMs;
  while (seen.distinct === events && performance.now() < giveUpMs) {
    if ((await consumer.unsettled()) === 0) break;
    await sleep(LOOK_EVERY_MS);
  }
  const settledMs = performance.now() - startedMs;
  const cpu = readCpu();
  await consumer.stop();
  return {
    value: (seen.distinct * 1_000) / settledMs,
    extra: {
      handledPerSecond: (seen.distinct * 1_000) / handledMs,
      unhandled: events - seen.distinct,
      duplicates: seen.repeated,
      ...cpuPerEvent(cpu, Math.max(1, seen.distinct)),
    },
  };
};
