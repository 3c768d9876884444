import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { SetupError } from './setup-error.ts';

let dataFolder: string;
let server: EmbeddedPostgres | undefined;
const start = async () => {
  server = await startEmbeddedPostgres({ dataFolder });
  return server;
};
beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'weir-embedded-'));
  chmodSync(dataFolder, 0o755);
});
afterEach(async () => {
  await server?.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

const readPostmaster = () =>
  Number.parseInt(readFileSync(join(dataFolder, 'postgres/postmaster.pid'), 'utf8'), 10);

const query = async (url: string, sql: string): Promise<readonly unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
};

test('keeps its data and its port over a restart, and refuses a second server', async () => {
  const first = await start();
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await expect(startEmbeddedPostgres({ dataFolder })).rejects.toThrow(SetupError);
  await first.stop();

  const second = await start();

  expect(second.url).toBe(first.url);
  expect(await query(second.url, 'SELECT one FROM kept')).toEqual([[1]]);
  const durable = `SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')`;
  expect(await query(second.url, durable)).toEqual([['on', 'on', 'on']]);
});

test('is started again at the same address when Postgres is killed', async () => {
  const { url } = await start();
  const killed = readPostmaster();

  process.kill(killed, 'SIGKILL');

  await vi.waitFor(
    async () => {
      expect(await query(url, 'SELECT 1')).toEqual([[1]]);
      expect(readPostmaster()).not.toBe(killed);
    },
    { timeout: 20_000 },
  );
});

test('replaces the Postgres that a killed server left behind', async () => {
  const holder = spawn(process.execPath, [
    'server/testing/embedded-postgres-holder.ts',
    dataFolder,
  ]);
  const [line] = await once(holder.stdout, 'data');
  const url = String(line).trim();
  await query(url, 'CREATE TABLE kept AS SELECT 1 AS one');
  const orphan = readPostmaster();
  holder.kill('SIGKILL');
  await once(holder, 'exit');

  const next = await start();

  expect(await query(next.url, 'SELECT one FROM kept')).toEqual([[1]]);
  expect(readPostmaster()).not.toBe(orphan);
});

test('starts over a stale pid file whose number another program has, and on another port when its own is taken', async () => {
  const first = await start();
  await first.stop();
  const port = Number(new URL(first.url).port);
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  writeFileSync(join(dataFolder, 'postgres/postmaster.pid'), `${process.pid}\n${dataFolder}\n`);

  const second = await start();
  squatter.close();

  expect(new URL(second.url).port).not.toBe(String(port));
  expect(await query(second.url, 'SELECT 1')).toEqual([[1]]);
});
