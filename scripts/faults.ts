import { buildWhenChanged } from './build.ts';
import { whenEntry } from './entry.ts';
import { report, runVitest, type Tally } from './tally.ts';

/** Kills, stops and lies against production servers of their own; `WEIR_FAULT_CYCLES` says how often. */
export async function faults(env: Readonly<Record<string, string>> = {}): Promise<Tally> {
  await buildWhenChanged();
  return runVitest('faults*', env);
}

await whenEntry(import.meta.url, async () => report(await faults()));
