import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name of the server that owns this data folder: the same at every start, no other server's. Needs the lock. */
export function readNodeId(dataFolder: string): string {
  const path = join(dataFolder, 'node-id');
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (known !== '') return known;
  const nodeId = randomUUID();
  writeFileSync(`${path}.new`, nodeId);
  renameSync(`${path}.new`, path);
  return nodeId;
}
