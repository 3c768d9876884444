import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutant } from './mutants.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const COPIED = ['server', 'contracts', 'prisma', 'package.json', 'next.config.ts', 'tsconfig.json'];
const LINKED = ['node_modules', '.next', 'public'];

export type SabotagedCopy = {
  /** Runs as this repository does, but for the mutant. */
  readonly repository: string;
  remove(): void;
};

/** The server's sources with one mistake made in them. Throws when the mutant does not fit the sources any more. */
export function makeSabotagedCopy(mutant: Mutant): SabotagedCopy {
  const sabotaged = sabotage(mutant);
  const repository = mkdtempSync(join(tmpdir(), 'weir-mutant-'));
  // The user that Postgres runs as must be able to pass through.
  chmodSync(repository, 0o755);
  for (const name of COPIED)
    cpSync(join(REPOSITORY, name), join(repository, name), { recursive: true });
  for (const name of LINKED.filter((each) => existsSync(join(REPOSITORY, each))))
    symlinkSync(join(REPOSITORY, name), join(repository, name));
  writeFileSync(join(repository, mutant.file), sabotaged);
  return { repository, remove: () => rmSync(repository, { recursive: true, force: true }) };
}

/** The text of the mutant's file with the mistake in it. */
export function sabotage({ file, find, replace }: Mutant): string {
  const [before, after, ...more] = readFileSync(join(REPOSITORY, file), 'utf8').split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(
      `The mutant is stale: "${find}" occurs ${after === undefined ? 0 : more.length + 1} times in ${file}, not once.`,
    );
  return `${before}${replace}${after}`;
}
