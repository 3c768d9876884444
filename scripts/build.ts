import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whenEntry } from './entry.ts';
import { generate } from './generate.ts';
import { repositoryRoot, run } from './run.ts';

const SOURCES = ['app', 'components', 'lib', 'contracts', 'public'];
const SETTINGS = [
  'next.config.ts',
  'postcss.config.mjs',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
];
const STAMP = join(repositoryRoot, '.next/weir-sources-hash');
const BUILD_ID = join(repositoryRoot, '.next/BUILD_ID');

/**
 * Writes the Prisma client and builds the dashboard, each when anything it is made of changed since it was made last. After it every
 * program that starts the server can run.
 */
export async function buildWhenChanged(): Promise<void> {
  await generate();
  const hash = hashSources();
  if (existsSync(BUILD_ID) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return;
  console.log('  Building the dashboard (only when its sources changed; about a minute) …');
  const env = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
  await run('next', ['build'], env, 'quiet');
  writeFileSync(STAMP, hash);
}

function hashSources(): string {
  const hash = createHash('sha256');
  for (const path of [...SOURCES.flatMap(listFiles), ...SETTINGS]) {
    const absolute = join(repositoryRoot, path);
    if (existsSync(absolute)) hash.update(`${path}\0`).update(readFileSync(absolute)).update('\0');
  }
  return hash.digest('hex');
}

function listFiles(folder: string): readonly string[] {
  const absolute = join(repositoryRoot, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1))
    .toSorted();
}

await whenEntry(import.meta.url, buildWhenChanged);
