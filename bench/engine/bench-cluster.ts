import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#server/engine/clock.ts';
import { createEngine, type Engine } from '#server/engine/engine.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { type Database, openDatabase } from '#server/storage/database.ts';
import { startEmbeddedPostgres } from '#server/storage/embedded-postgres.ts';
import { migrate } from '#server/storage/migrate.ts';
import { runSql } from '../run-sql.ts';

export type BenchEngine = {
  readonly url: string;
  readonly engine: Engine;
  readonly database: Database;
  close(): Promise<void>;
};

export type BenchCluster = {
  /** A new database, migrated and empty; returns its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
};

/** A Postgres of its own with the settings of the product (fsync on), in a temporary folder. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataFolder: folder });
  return {
    createDatabase: async () => {
      const name = `bench_${randomBytes(6).toString('hex')}`;
      await runSql(postgres.url, `CREATE DATABASE ${name}`);
      const address = new URL(postgres.url);
      address.pathname = `/${name}`;
      await migrate({ url: address.href });
      // What was measured before must not be written to the disk during what comes next.
      await runSql(address.href, 'CHECKPOINT');
      return address.href;
    },
    stop: async () => {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A started engine of this process; nothing it did before is in its memory. */
export async function openBenchEngine(url: string, nodeId = 'bench'): Promise<BenchEngine> {
  const database = openDatabase({ url });
  const engine = createEngine({
    database,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    nodeId,
    version: 'bench',
    autoCreateTopics: true,
  });
  await engine.start();
  return {
    url,
    engine,
    database,
    close: async () => {
      await engine.stop();
      await database.close();
    },
  };
}
