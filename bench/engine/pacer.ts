import { Worker } from 'node:worker_threads';

/**
 * Calls `due` once for each tick of an even rate, with the moment it was due (`performance.now`). The beat comes from a thread of its own,
 * so that neither the millisecond timers of this one nor what it is busy with shifts the schedule.
 */
export async function pace(
  rate: { readonly perSecond: number; readonly seconds: number },
  due: (tick: number, dueMs: number) => void,
): Promise<void> {
  const total = rate.perSecond * rate.seconds;
  const stepMs = 1_000 / rate.perSecond;
  const worker = new Worker(BEAT, { eval: true, workerData: { total, stepMs } });
  let startMs = 0;
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (tick: number) => {
      if (tick < 0) {
        startMs = performance.now();
        return;
      }
      due(tick, startMs + tick * stepMs);
      if (tick === total - 1) resolve();
    });
  });
  await worker.terminate();
}

const BEAT = `
const { parentPort, workerData: { total, stepMs } } = require('node:worker_threads');
const sleeper = new Int32Array(new SharedArrayBuffer(4));
parentPort.postMessage(-1);
const startMs = performance.now();
for (let tick = 0; tick < total; tick += 1) {
  const waitMs = startMs + tick * stepMs - performance.now();
  if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  parentPort.postMessage(tick);
}`;
