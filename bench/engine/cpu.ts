import { readdirSync, readFileSync } from 'node:fs';
import { type Database } from '#server/storage/database.ts';

const TICKS_PER_SECOND = 100;
const PARENT_FIELD = 1;
const OWN_FIELDS = [11, 12];
const REAPED_FIELDS = [13, 14];

export type CpuMs = { readonly node: number; readonly postgres: number };

/** Reads how much CPU time this process and all processes of the database's server have used since; Linux only, else Postgres is NaN. */
export async function startCpuMeter(database: Pick<Database, 'pool'>): Promise<() => CpuMs> {
  const { rows } = await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const postmaster = statOf(rows[0]?.pid ?? 0)?.[PARENT_FIELD] ?? Number.NaN;
  const node = process.cpuUsage();
  const postgres = familyMs(postmaster);
  return () => {
    const used = process.cpuUsage(node);
    return { node: (used.user + used.system) / 1_000, postgres: familyMs(postmaster) - postgres };
  };
}

/** Of the postmaster, its living children, and those it has seen ending. */
function familyMs(postmaster: number): number {
  let ticks = ticksOf(statOf(postmaster), [...OWN_FIELDS, ...REAPED_FIELDS]);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (stat?.[PARENT_FIELD] === postmaster) ticks += ticksOf(stat, OWN_FIELDS);
  }
  return (ticks / TICKS_PER_SECOND) * 1_000;
}

const ticksOf = (stat: readonly number[] | undefined, fields: readonly number[]): number =>
  fields.reduce((sum, field) => sum + (stat?.[field] ?? Number.NaN), 0);

/** The fields of /proc/<pid>/stat after the name, from the state on. */
function statOf(pid: number): readonly number[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return undefined;
  }
}
