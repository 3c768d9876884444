import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { whenEntry } from './entry.ts';
import { repositoryRoot, run } from './run.ts';

const SCHEMA = join(repositoryRoot, 'prisma/schema');
const GENERATED = join(repositoryRoot, 'server/storage/generated');
const STAMP = join(GENERATED, '.schema-hash');

/** Writes the Prisma client when the schema or Prisma's version changed since it was written last. Works offline. */
export async function generate(): Promise<void> {
  const require = createRequire(import.meta.url);
  const prismaPackage = require.resolve('prisma/package.json');
  const schema = readdirSync(SCHEMA).toSorted();
  const contents = [...schema.map((name) => join(SCHEMA, name)), prismaPackage].map(readText);
  const hash = createHash('sha256').update(contents.join('\0')).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return;
  await run(
    process.execPath,
    [join(dirname(prismaPackage), 'build/index.js'), 'generate', '--no-hints'],
    {
      // The engine is asked for and never run when only a client is written: any file that exists will do.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
    'quiet',
  );
  writeFileSync(STAMP, hash);
}

const readText = (path: string): string => readFileSync(path, 'utf8');

await whenEntry(import.meta.url, generate);
