import { pathToFileURL } from 'node:url';

/** Does the work when this module is what `node` was asked to run, and not an import of another script. */
export async function whenEntry(moduleUrl: string, work: () => Promise<void>): Promise<void> {
  const entry = process.argv[1];
  if (entry !== undefined && pathToFileURL(entry).href === moduleUrl) await runScript(work);
}

/** A script that fails says why in plain words: the stack of a script helps nobody. */
export async function runScript(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
