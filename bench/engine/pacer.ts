import { Worker } from 'node:worker_threads';

const NS_PER_MS = 1_000_000;

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
    worker.on('message', (tick: number | bigint) => {
      if (typeof tick === 'bigint') {
        // The clock that threads share; each thread counts `performance.now` from a beginning of its own.
        startMs = performance.now() - Number(process.hrtime.bigint() - tick) / NS_PER_MS;
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
const startNs = process.hrtime.bigint();
parentPort.postMessage(startNs);
for (let tick = 0; tick < total; tick += 1) {
  const waitMs = tick * stepMs - Number(process.hrtime.bigint() - startNs) / 1_000_000;
  if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  parentPort.postMessage(tick);
}`;
