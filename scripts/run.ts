import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '..');

type Output = 'show' | 'quiet';

export type CommandResult = { readonly code: number; readonly output: string };

/** Runs a program in the repository, programs of node_modules first. Resolves with its exit code, never rejects on one. */
export function tryRun(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  show: Output = 'show',
): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    cwd: repositoryRoot,
    env: {
      ...process.env,
      PATH: `${join(repositoryRoot, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const chunks: Buffer[] = [];
  const keep = (target: NodeJS.WriteStream) => (chunk: Buffer) => {
    chunks.push(chunk);
    if (show === 'show') target.write(chunk);
  };
  child.stdout.on('data', keep(process.stdout));
  child.stderr.on('data', keep(process.stderr));
  child.on('error', reject);
  child.on('close', (code) => {
    resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') });
  });
  return promise;
}

/** The same, but a non-zero exit is an error that carries what the program said. */
export async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  show: Output = 'show',
): Promise<string> {
  const result = await tryRun(command, args, env, show);
  if (result.code === 0) return result.output;
  const said = show === 'quiet' ? `\n${result.output}` : '';
  throw new Error(`${command} ${args.join(' ')} ended with code ${result.code}.${said}`);
}
