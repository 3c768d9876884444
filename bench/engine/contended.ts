import { type Engine } from '#server/engine/engine.ts';
import { isEngineError } from '#server/engine/errors.ts';
import { type StreamNews } from '#server/engine/log/event-log.ts';
import { type Measurement } from '../measurement.ts';
import { type BenchCluster, openBenchEngine } from './bench-cluster.ts';
import { benchEvent, readThrough, SeenNumbers } from './bench-events.ts';

const RUNS = 3;
const RUN_MS = 3_000;
const WRITERS = 32;
const STREAM = 'account-1';

/** Who tries again: the caller told of the conflict, or the log, which asks the caller to decide again with what it has not seen. */
type Retry = 'by the caller' | 'in the batch';
type Run = { readonly perSecond: number; readonly conflicts: number };

/**
 * 32 writers append to one stream, each with the version it read, and try again with the version a conflict tells. Checked: versions are
 * dense, and every success is in the stream once.
 */
export async function benchContended(cluster: BenchCluster): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const retry of ['by the caller', 'in the batch'] as const) {
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await runOnce(cluster, retry));
    measured.push({
      name: 'contended appends to one stream',
      system: 'weir',
      parameters: { writers: WRITERS, retry },
      unit: 'successes/s',
      higherIsBetter: true,
      values: runs.map((run) => run.perSecond),
      extra: { conflictsPerSuccess: runs.at(-1)?.conflicts ?? Number.NaN },
    });
  }
  return measured;
}

async function runOnce(cluster: BenchCluster, retry: Retry): Promise<Run> {
  const { engine, ...opened } = await openBenchEngine(await cluster.createDatabase());
  let successes = 0;
  let conflicts = 0;
  const untilMs = performance.now() + RUN_MS;
  const startedMs = performance.now();
  const write = async () => {
    let expectedVersion = 0;
    while (performance.now() < untilMs) {
      const sequence = successes;
      successes += 1;
      for (;;) {
        const answer = await tryOnce(engine, retry, { expectedVersion, sequence });
        expectedVersion = answer.version;
        if (answer.stored) break;
        conflicts += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  const seconds = (performance.now() - startedMs) / 1_000;
  await readThrough(engine.log, new SeenNumbers(successes));
  const page = await engine.reader.stream(STREAM, { direction: 'forward', limit: successes });
  const isDense = page.items.every((event, index) => event.version === index + 1);
  if (!isDense || page.version !== successes) throw new Error('the versions are not dense');
  await opened.close();
  return { perSecond: Math.round(successes / seconds), conflicts: conflicts / successes };
}

async function tryOnce(
  engine: Engine,
  retry: Retry,
  { expectedVersion, sequence }: { readonly expectedVersion: number; readonly sequence: number },
) {
  const inputs = [benchEvent(sequence)];
  const decide = ({ version, events }: StreamNews) => {
    if (version !== expectedVersion + events.length) throw new Error('the news have a gap');
    return inputs;
  };
  try {
    const { version } = await engine.publisher.appendToStream({
      streamId: STREAM,
      expectedVersion,
      inputs,
      ...(retry === 'in the batch' ? { decideAgain: decide } : {}),
    });
    return { stored: true, version };
  } catch (error) {
    if (!isEngineError(error, 'version-conflict')) throw error;
    return { stored: false, version: Number(error.details['currentVersion']) };
  }
}
