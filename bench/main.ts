// `npm run bench`: starts a server of its own and prints what it measures; `npm run bench -- http://host:port` measures a running one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { benchHttpPublish } from './http-publish.ts';
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
  mkdirSync('bench/results/local', { recursive: true });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  writeFileSync(
    `bench/results/local/publish-${new Date().toISOString().replaceAll(':', '-')}.json`,
    JSON.stringify({ machine, publishing }, null, 2),
  );
  if (publishing.some((row) => !row.verified)) process.exitCode = 1;
} finally {
  await server?.stop();
}
