import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { benchHttpPublish } from './http-publish.ts';
import { benchLiveLatency } from './live-latency.ts';
import { startBenchServer } from './server.ts';

const LOCAL_RESULTS = join(import.meta.dirname, 'results/local');

/** Measures a running server, or one of its own; false when something that was acknowledged is not there. */
export async function benchHttp(
  given: string | undefined,
  say: (line: string) => void,
): Promise<boolean> {
  const server = given === undefined ? await startBenchServer() : undefined;
  const url = given ?? server?.url ?? '';
  try {
    const publishing = await benchHttpPublish(url);
    say('| work | connections | events/s (median of 3) | spread | p50 ms | p99 ms | verified |');
    say('|---|---|---|---|---|---|---|');
    for (const row of publishing) {
      const spread = `${row.eventsPerSecond.at(0)}–${row.eventsPerSecond.at(-1)}`;
      say(
        `| ${row.work} | ${row.connections} | ${row.median} | ${spread} | ${row.latencyP50Ms} | ${row.latencyP99Ms} | ${row.verified ? 'yes' : 'NO'} |`,
      );
    }
    const live = await benchLiveLatency(url);
    const isWhole = live.missing === 0 && live.duplicates === 0 && live.outOfOrder === 0;
    say('');
    say(
      '| live at events/s | publish → frame p50 ms | p95 ms | p99 ms | whole across a reconnect |',
    );
    say('|---|---|---|---|---|');
    say(
      `| ${live.offeredPerSecond} | ${live.p50Ms} | ${live.p95Ms} | ${live.p99Ms} | ${isWhole ? 'yes' : 'NO'} |`,
    );
    mkdirSync(LOCAL_RESULTS, { recursive: true });
    const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
    writeFileSync(
      join(LOCAL_RESULTS, `publish-${new Date().toISOString().replaceAll(':', '-')}.json`),
      JSON.stringify({ machine, publishing, live }, null, 2),
    );
    return isWhole && publishing.every((row) => row.verified);
  } finally {
    await server?.stop();
  }
}
