import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const REMOTE = 2;
const INODE = 9;

/** Open TCP sockets of a process whose other end is this port of this machine, in whatever state. Undefined without Linux's /proc. */
export function countSockets(pid: number, port: number): number | undefined {
  const folder = `/proc/${pid}`;
  if (!existsSync(`${folder}/net/tcp`)) return undefined;
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set(
    readFileSync(`${folder}/net/tcp`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[REMOTE]?.endsWith(remote))
      .map((columns) => `socket:[${columns[INODE]}]`),
  );
  return readdirSync(`${folder}/fd`).filter((fd) => inodes.has(targetOf(`${folder}/fd/${fd}`)))
    .length;
}

/** Empty when the file was closed meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
