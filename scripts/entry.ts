import { pathToFileURL } from 'node:url';

/** Whether this module is what `node` was asked to run, and not an import of another script. */
export function isEntry(moduleUrl: string): boolean {
  const entry = process.argv[1];
  return entry !== undefined && pathToFileURL(entry).href === moduleUrl;
}
