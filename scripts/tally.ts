import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { repositoryRoot, tryRun } from './run.ts';

/** What ran, over all tools: a check of the whole repository counts as one. */
export type Tally = {
  readonly passed: number;
  readonly failed: number;
  /** What failed and what it said, to be read at the end, where a log that was cut still has it. */
  readonly failures?: readonly string[];
};

export const add = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
  failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
  failures: tallies.flatMap((tally) => tally.failures ?? []),
});

const FAILURES_SHOWN = 20;
const FAILURE_CHARACTERS = 1_500;

/** What failed, the last line, and the exit code that goes with it. */
export function report({ passed, failed, failures = [] }: Tally): void {
  for (const failure of failures.slice(0, FAILURES_SHOWN))
    console.log(`\n✗ ${failure.slice(0, FAILURE_CHARACTERS)}`);
  if (failures.length > FAILURES_SHOWN)
    console.log(`\n… and ${failures.length - FAILURES_SHOWN} more, further up`);
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
  return passed
    ? { passed: 1, failed: 0 }
    : { passed: 0, failed: 1, failures: [`${step.title}\n${output}`] };
}

const vitestSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});
type Suite = z.infer<typeof suiteSchema>;
const suiteSchema = z.object({
  specs: z.array(z.object({ title: z.string(), file: z.string(), ok: z.boolean() })),
  get suites() {
    return z.array(suiteSchema).optional();
  },
});
const playwrightSchema = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }),
  suites: z.array(suiteSchema),
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
    return tallyOf(code, file, vitestSchema, (result) => ({
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      failures: result.testResults.flatMap(failuresOfFile),
    }));
  });
}

type FileResult = z.infer<typeof vitestSchema>['testResults'][number];

function failuresOfFile({ name, message = '', assertionResults }: FileResult): string[] {
  const file = relative(repositoryRoot, name);
  const failures = assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => [`${file} › ${test.fullName}`, ...(test.failureMessages ?? [])].join('\n'));
  return failures.length === 0 && message !== '' ? [`${file}\n${message}`] : failures;
}

/** The browser stories. A story that needed a second attempt counts as failed: it hides a race. */
export function runPlaywright(env: Readonly<Record<string, string>>): Promise<Tally> {
  return withReport(async (file) => {
    console.log('\nPlaywright, browser tests');
    const { code } = await tryRun('playwright', ['test', '--reporter=list,json'], {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    });
    return tallyOf(code, file, playwrightSchema, ({ stats, suites }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
      failures: suites.flatMap(failuresOfSuite),
    }));
  });
}

function failuresOfSuite({ specs, suites = [] }: Suite): string[] {
  const own = specs.filter((spec) => !spec.ok).map((spec) => `${spec.file} › ${spec.title}`);
  return [...own, ...suites.flatMap(failuresOfSuite)];
}

/** What the tool's report says. One that is missing or unreadable is a failure, whatever the exit code: nobody knows what ran. */
function tallyOf<Report>(
  code: number,
  path: string,
  schema: z.ZodType<Report>,
  read: (report: Report) => Tally,
): Tally {
  let tally: Tally;
  try {
    tally = read(schema.parse(JSON.parse(readFileSync(path, 'utf8'))));
  } catch (error) {
    const failures = [`exit code ${code}, and no report that can be read: ${String(error)}`];
    return { passed: 0, failed: 1, failures };
  }
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
