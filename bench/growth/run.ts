import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';
import { migrate } from '#server/storage/migrate.ts';
import { type BenchEngine, openBenchEngine } from '../engine/bench-cluster.ts';
import { median } from '../measurement.ts';
import { readPostgresSettings } from '../postgres-settings.ts';
import { runSql } from '../run-sql.ts';
import { type DiskUse, databaseBytes, measureDisk } from './disk.ts';
import { fill } from './fill.ts';
import { explainHotPaths, type LeafAccess } from './plans.ts';
import { type GrownLog, PROBES, runRound } from './probes.ts';

export type GrowthOptions = {
  readonly folder: string;
  readonly sizes: readonly number[];
  /** Give up and keep the folder after this long; call again to go on. */
  readonly budgetMs: number;
  readonly say: (line: string) => void;
};

/** Per probe and round the middle in milliseconds: in the log of this size and, in turn, in one of 10,000 events. */
export type ProbeFigures = {
  readonly name: string;
  readonly ms: readonly number[];
  readonly smallMs: readonly number[];
};
export type SizeFigures = {
  readonly size: number;
  readonly fillPerSecond: number;
  readonly probes: readonly ProbeFigures[];
  readonly disk: DiskUse;
  readonly plans: readonly LeafAccess[];
};

export type GrowthResult = {
  /** Null when the time was up before the last size. */
  readonly figures: readonly SizeFigures[] | null;
  readonly settings: Readonly<Record<string, string>>;
};

const ROUNDS = 3;
const SMALL = 10_000;
const VACUUM_WITHIN_MS = 60_000;
const VACUUM_EVERY_MS = 500;

const stateSchema = z.object({
  events: z.number(),
  emptyBytes: z.number(),
  fillMs: z.number(),
  figures: z.array(z.custom<SizeFigures>((value) => typeof value === 'object')),
});
type State = z.infer<typeof stateSchema>;

/**
 * Fills one log through the engine and measures it at each size, by turns with a fresh log of 10,000 events, so that what
 * else the machine does hits both. The folder keeps what is there: called again, it goes on.
 */
export async function runGrowth(options: GrowthOptions): Promise<GrowthResult> {
  mkdirSync(options.folder, { recursive: true });
  chmodSync(options.folder, 0o755);
  const deadline = performance.now() + options.budgetMs;
  const postgres = await startEmbeddedPostgres({ dataFolder: options.folder });
  try {
    const settings = await readPostgresSettings(postgres.url);
    return { figures: await growAll(postgres.url, options, deadline), settings };
  } finally {
    await postgres.stop();
  }
}

async function growAll(
  url: string,
  options: GrowthOptions,
  deadline: number,
): Promise<readonly SizeFigures[] | null> {
  await migrate({ url });
  const log = await openBenchEngine(url, 'growth');
  const statePath = join(options.folder, 'growth.json');
  try {
    let state = await readState(statePath, log);
    for (const size of options.sizes) {
      if (state.figures.some((one) => one.size === size)) continue;
      const startedMs = performance.now();
      const events = await fill(
        log.engine.publisher,
        { from: state.events, to: size },
        () => performance.now() > deadline,
      );
      const fillMs = state.fillMs + performance.now() - startedMs;
      state = { ...state, events, fillMs };
      writeFileSync(statePath, JSON.stringify(state));
      options.say(
        `${events.toLocaleString('en')} events, ${Math.round(fillMs / 1_000)} s of filling`,
      );
      if (events < size) return null;
      const figures = await measureSize(log, state, options.say);
      state = { ...state, figures: [...state.figures, figures] };
      writeFileSync(statePath, JSON.stringify(state));
    }
    return state.figures;
  } finally {
    await log.close();
  }
}

async function readState(path: string, log: BenchEngine): Promise<State> {
  if (existsSync(path)) return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  return { events: 0, emptyBytes: await databaseBytes(log.database), fillMs: 0, figures: [] };
}

async function measureSize(
  log: BenchEngine,
  state: State,
  say: (line: string) => void,
): Promise<SizeFigures> {
  const size = state.events;
  await settle(log);
  const disk = await measureDisk(log.database, { events: size, emptyBytes: state.emptyBytes });
  const plans = await explainHotPaths(log.database, size);
  const small = await openSmall(log.url);
  try {
    await settle(small.log);
    const random = seededRandom(size);
    const grown: GrownLog = { ...log, size, random };
    const probes: ProbeFigures[] = [];
    for (const probe of PROBES) {
      const ms: number[] = [];
      const smallMs: number[] = [];
      await runRound(probe, [small.log, grown]);
      for (let round = 0; round < ROUNDS; round += 1) {
        await readFiles(log.url);
        const [smallRound, grownRound] = await runRound(probe, [small.log, grown]);
        smallMs.push(smallRound);
        ms.push(grownRound);
      }
      const ratio = median(ms) / median(smallMs);
      say(`  ${probe.name}: ${median(ms).toFixed(2)} ms, × ${ratio.toFixed(2)} of ${SMALL}`);
      probes.push({ name: probe.name, ms, smallMs });
    }
    return { size, fillPerSecond: Math.round(size / (state.fillMs / 1_000)), probes, disk, plans };
  } finally {
    await small.drop();
  }
}

/** Nothing of the filling is left to do: pages written, vacuum at rest. */
async function settle({ url, database }: BenchEngine): Promise<void> {
  await runSql(url, 'CHECKPOINT');
  const deadline = performance.now() + VACUUM_WITHIN_MS;
  while (performance.now() < deadline) {
    const { rowCount } = await database.pool.query(
      `SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'`,
    );
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, VACUUM_EVERY_MS));
  }
}

/**
 * The system has the files in memory, as where a log is in use. Before each round: a kernel that reclaims what nobody touches (seen at
 * 1 % of a file a second) would else make a probe of the log into one of the disk.
 */
async function readFiles(url: string): Promise<void> {
  await runSql(url, 'CREATE EXTENSION IF NOT EXISTS pg_prewarm');
  await runSql(
    url,
    `SELECT sum(pg_prewarm(c.oid, 'read')) FROM pg_class c
      WHERE c.relnamespace = 'weir'::regnamespace AND c.relkind IN ('r', 'i')`,
  );
}

/** A log of 10,000 events in a database of its own on the same server. */
async function openSmall(url: string): Promise<{ log: GrownLog; drop(): Promise<void> }> {
  const name = `small_${Date.now()}`;
  await runSql(url, `CREATE DATABASE ${name}`);
  const address = new URL(url);
  address.pathname = `/${name}`;
  await migrate({ url: address.href });
  const log = await openBenchEngine(address.href, 'growth-small');
  await fill(log.engine.publisher, { from: 0, to: SMALL }, () => false);
  return {
    log: { ...log, size: SMALL, random: seededRandom(SMALL) },
    drop: async () => {
      await log.close();
      await runSql(url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** mulberry32: the same places in every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
