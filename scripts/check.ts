import { existsSync } from 'node:fs';
import { whenEntry } from './entry.ts';
import { generate } from './generate.ts';
import { add, report, runCheck, runVitest, type Tally } from './tally.ts';

const FOLDERS = [
  'app',
  'bench',
  'components',
  'contracts',
  'e2e',
  'lib',
  'scripts',
  'sdk',
  'server',
];

/** Everything that needs no database: format, types, lint, import rules, dead code, unit tests. */
export async function check(): Promise<Tally> {
  await generate();
  const format = await runCheck({
    title: 'format',
    command: 'biome',
    args: ['check', '--error-on-warnings', '.'],
  });
  // Next writes the types of its pages; without them a page's props are not checked.
  const pageTypes = await runCheck({ title: 'page types', command: 'next', args: ['typegen'] });
  // The types take as long as the other three together, and one core.
  const [types, rules] = await Promise.all([
    runCheck({ title: 'types', command: 'tsc', args: ['--noEmit', '-p', '.'] }),
    checkRules(),
  ]);
  return add([format, pageTypes, types, rules, await runVitest('unit')]);
}

async function checkRules(): Promise<Tally> {
  return add([
    await runCheck({
      title: 'lint',
      command: 'oxlint',
      args: ['--type-aware', '--report-unused-disable-directives-severity', 'error'],
    }),
    await runCheck({
      title: 'import rules',
      command: 'depcruise',
      args: [
        '--config',
        '.dependency-cruiser.cjs',
        ...FOLDERS.filter((folder) => existsSync(folder)),
      ],
      // Without a compiler it reads nothing and finds nothing wrong.
      refuse: /missing-tsc-transpiler/,
    }),
    await runCheck({
      title: 'dead code',
      command: 'knip',
      args: ['--treat-config-hints-as-errors'],
    }),
  ]);
}

await whenEntry(import.meta.url, async () => report(await check()));
