import { type System } from './system.ts';

// Imported one at a time: what one system brings along must not run beside another.
const SYSTEMS = {
  weir: async () => (await import('./systems/weir.ts')).weir,
  'raw pg': async () => (await import('./systems/raw-pg.ts')).rawPg,
  'raw pg, COPY': async () => (await import('./systems/raw-pg.ts')).rawCopy,
  'naive poller (control)': async () => (await import('./systems/raw-pg.ts')).naivePoller,
  'pg-boss': async () => (await import('./systems/pg-boss.ts')).pgBoss,
  'pg-boss, batched': async () => (await import('./systems/pg-boss.ts')).pgBossBatched,
  'graphile-worker': async () => (await import('./systems/graphile-worker.ts')).graphileWorker,
  'graphile-worker, batched': async () =>
    (await import('./systems/graphile-worker.ts')).graphileWorkerBatched,
  emmett: async () => (await import('./systems/emmett.ts')).emmett,
  'emmett, batched': async () => (await import('./systems/emmett.ts')).emmettBatched,
  'message-db': async () => (await import('./systems/message-db.ts')).messageDb,
} as const satisfies Readonly<Record<string, () => Promise<System>>>;

export const SYSTEM_NAMES = Object.keys(SYSTEMS);

/** Throws when there is no system of this name. */
export async function loadSystem(name: string): Promise<System> {
  const load = Object.entries(SYSTEMS).find(([known]) => known === name)?.[1];
  if (load === undefined) throw new Error(`${name} is none of ${SYSTEM_NAMES.join(', ')}`);
  return load();
}
