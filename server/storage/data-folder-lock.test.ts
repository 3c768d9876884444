import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataFolder } from './data-folder-lock.ts';
import { SetupError } from './setup-error.ts';

const PID_THAT_NEVER_RUNS = 2 ** 30;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-lock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('is held by one until it is released', () => {
  const lock = lockDataFolder(folder);

  expect(() => lockDataFolder(folder)).toThrow(SetupError);
  expect(() => lockDataFolder(folder)).toThrow(`process ${process.pid}`);
  lock.release();
  lockDataFolder(folder).release();

  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['of a process that died', JSON.stringify({ pid: PID_THAT_NEVER_RUNS, start: 'x/1' })],
  ['whose id another process has now', JSON.stringify({ pid: process.pid, start: 'x/1' })],
  ['that was cut off while written', '{"pid":'],
])('takes over a lock %s', (_case, content) => {
  writeFileSync(join(folder, 'server.lock'), content);

  const lock = lockDataFolder(folder);

  expect(() => lockDataFolder(folder)).toThrow(SetupError);
  lock.release();
});
