// `npm run bench -- --help` lists what is measured.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, HELP, parseCommand } from './command.ts';
import { growthMeasurements } from './growth/growth-measurements.ts';
import { runGrowth } from './growth/run.ts';
import { benchHttp } from './http.ts';
import { FULL, planJobs, QUICK } from './peers/plan.ts';
import { runPeers } from './peers/run.ts';
import { writeReport } from './report/write-report.ts';
import { writeResult } from './result-file.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** False when something was measured that must not be. */
async function perform(command: Command): Promise<boolean> {
  switch (command.type) {
    case 'help':
      say(HELP);
      return true;
    case 'http':
      return benchHttp(command.url, say);
    case 'engine':
      return runEngine([...command.names, ...(command.isShared ? ['--shared'] : [])]);
    case 'peers':
      return peers(command);
    case 'growth':
      return growth(command);
    case 'report':
      writeReport();
      return true;
    default:
      return command satisfies never;
  }
}

function runEngine(args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'engine/run.ts'), ...args], {
    stdio: 'inherit',
  });
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code === 0));
  });
}

async function peers(command: Command & { readonly type: 'peers' }): Promise<boolean> {
  const { systems, measures, runs, isQuick, isShared, isKept } = command;
  const jobs = planJobs(isQuick ? QUICK : FULL).filter(
    (job) =>
      (systems.length === 0 || systems.includes(job.system)) &&
      (measures.length === 0 || measures.includes(job.measure)),
  );
  const results = await runPeers({ jobs, runs, say });
  if (isKept) say(`Kept in ${writeResult({ kind: 'peers', isShared, ...results })}`);
  const lost = results.measurements.filter(
    ({ system, extra }) => system === 'weir' && Number(extra?.['lost'] ?? 0) > 0,
  );
  return lost.length === 0;
}

async function growth(command: Command & { readonly type: 'growth' }): Promise<boolean> {
  const { figures, settings } = await runGrowth({ ...command, say });
  if (figures === null) {
    say(`The time is up; ${command.folder} is kept. Call again to go on.`);
    return true;
  }
  if (!command.isKept) rmSync(command.folder, { recursive: true, force: true });
  const measurements = growthMeasurements(figures);
  say(
    `Kept in ${writeResult({ kind: 'growth', isShared: command.isShared, settings, systems: {}, measurements })}`,
  );
  return true;
}

if (!(await perform(parseCommand(process.argv.slice(2))))) process.exitCode = 1;
