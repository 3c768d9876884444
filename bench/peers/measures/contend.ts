import { type Measure, parameter } from '../measure.ts';
import { benchData } from '../system.ts';

const STREAM = 'bench-contended';

/** Writers that append to one stream, each expecting the version it knows and trying again when somebody was first. */
export const measureContend: Measure = async (context) => {
  const { contend, storedNumbers } = context.system;
  if (contend === undefined) return null;
  let next = 0;
  let stored = 0;
  let conflicts = 0;
  const startedMs = performance.now();
  const untilMs = startedMs + parameter(context, 'seconds') * 1_000;
  const write = async () => {
    while (performance.now() < untilMs) {
      const data = benchData(next);
      next += 1;
      while (!(await contend(STREAM, data))) {
        conflicts += 1;
        if (performance.now() > untilMs) return;
      }
      stored += 1;
    }
  };
  await Promise.all(Array.from({ length: parameter(context, 'writers') }, write));
  const seconds = (performance.now() - startedMs) / 1_000;
  const found = await storedNumbers();
  return {
    value: stored / seconds,
    extra: {
      conflicts,
      lost: stored - new Set(found).size,
      duplicates: found.length - new Set(found).size,
    },
  };
};
