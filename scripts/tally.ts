import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { tryRun } from './run.ts';

/** What ran, over all tools: a check of the whole repository counts as one. */
export type Tally = { readonly passed: number; readonly failed: number };

export const add = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
  failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
});

/** The last line, and the exit code that goes with it. */
export function report({ passed, failed }: Tally): void {
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

type Step = {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Output that means failure though the exit code is zero. */
  readonly refuse?: RegExp;
};

/** One tool over the repository; shows what it says only when it is not content. */
export async function runCheck(step: Step): Promise<Tally> {
  const startedAt = performance.now();
  const { code, output } = await tryRun(step.command, step.args, step.env, 'quiet');
  const passed = code === 0 && !step.refuse?.test(output);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${passed ? '✓' : '✗'} ${step.title} (${seconds} s)`);
  if (!passed) console.log(output);
  return passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const vitestSchema = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });
const playwrightSchema = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }),
});

/** A project of vitest. A run that fails without a failed test (a file that does not load) counts as one failure. */
export function runVitest(
  project: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Tally> {
  return withReport(async (file) => {
    console.log(`\nvitest, ${project} tests`);
    const { code } = await tryRun(
      'vitest',
      [
        'run',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      env,
    );
    const result = readReport(file, vitestSchema);
    return settle(code, {
      passed: result?.numPassedTests ?? 0,
      failed: result?.numFailedTests ?? 0,
    });
  });
}

/** The browser stories. A story that needed a second attempt counts as failed: it hides a race. */
export function runPlaywright(env: Readonly<Record<string, string>>): Promise<Tally> {
  return withReport(async (file) => {
    console.log('\nPlaywright, browser tests');
    const { code } = await tryRun('playwright', ['test', '--reporter=list,json'], {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    });
    const stats = readReport(file, playwrightSchema)?.stats;
    return settle(code, {
      passed: stats?.expected ?? 0,
      failed: (stats?.unexpected ?? 0) + (stats?.flaky ?? 0),
    });
  });
}

function settle(code: number, tally: Tally): Tally {
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

async function withReport(work: (file: string) => Promise<Tally>): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-report-'));
  try {
    return await work(join(folder, 'report.json'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport<Report>(path: string, schema: z.ZodType<Report>): Report | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
