import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { systemClock } from './engine/clock.ts';
import { silentLogger } from './engine/logger.ts';
import { type Service, stopAll } from './engine/service.ts';
import { type StartDatabaseOptions, startDatabase } from './start-database.ts';
import { SetupError } from './storage/setup-error.ts';

let dataFolder: string;
let started: Service[];
beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  started = [];
});
afterEach(async () => {
  await stopAll(started);
  rmSync(dataFolder, { recursive: true, force: true });
});

const clusterUrl = inject('clusterUrl');
const newName = () => `weir_test_${randomBytes(8).toString('hex')}`;
const addressOf = (database: string) => new URL(`/${database}`, clusterUrl).href;
const runOnCluster = async (sql: string) => {
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};
const optionsFor = (databaseUrl: string): StartDatabaseOptions => ({
  databaseUrl,
  dataFolder,
  clock: systemClock,
  log: silentLogger,
  onProgress: () => undefined,
  started,
  signal: new AbortController().signal,
});

test('waits for a database that is not there yet, then migrates it', async () => {
  const name = newName();
  const clock = { ...systemClock, sleep: () => runOnCluster(`CREATE DATABASE ${name}`) };

  const { database } = await startDatabase({ ...optionsFor(addressOf(name)), clock });

  expect(await database.prisma.topic.count()).toBe(0);
  await stopAll(started.splice(0));
  await runOnCluster(`DROP DATABASE ${name} WITH (FORCE)`);
});

test('gives up waiting when it is told to stop', async () => {
  const controller = new AbortController();
  const onProgress = () => {
    controller.abort();
  };

  const start = startDatabase({
    ...optionsFor(addressOf(newName())),
    onProgress,
    signal: controller.signal,
  });

  await expect(start).rejects.toThrow('aborted');
});

test('keeps its name over restarts, and the data folder to itself', async () => {
  const name = newName();
  await runOnCluster(`CREATE DATABASE ${name}`);
  const first = await startDatabase(optionsFor(addressOf(name)));

  await expect(startDatabase(optionsFor(addressOf(name)))).rejects.toThrow(SetupError);
  await stopAll(started.splice(0));
  const second = await startDatabase(optionsFor(addressOf(name)));

  expect(second.nodeId).toBe(first.nodeId);
  await stopAll(started.splice(0));
  await runOnCluster(`DROP DATABASE ${name} WITH (FORCE)`);
});
