// `npm run bench`: starts a server of its own and prints what it measures; `npm run bench -- http://host:port` measures a running one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { benchHttpPublish } from './http-publish.ts';
import { benchLiveLatency } from './live-latency.ts';
import { startBenchServer } from './server.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const given = process.argv[2];
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
  say('| live at events/s | publish → frame p50 ms | p95 ms | p99 ms | whole across a reconnect |');
  say('|---|---|---|---|---|');
  say(
    `| ${live.offeredPerSecond} | ${live.p50Ms} | ${live.p95Ms} | ${live.p99Ms} | ${isWhole ? 'yes' : 'NO'} |`,
  );
  mkdirSync('bench/results/local', { recursive: true });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  writeFileSync(
    `bench/results/local/publish-${new Date().toISOString().replaceAll(':', '-')}.json`,
    JSON.stringify({ machine, publishing, live }, null, 2),
  );
  if (!isWhole || publishing.some((row) => !row.verified)) process.exitCode = 1;
} finally {
  await server?.stop();
}
