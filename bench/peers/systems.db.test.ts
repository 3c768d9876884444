import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, inject, test } from 'vitest';
import { until } from '#server/testing/test-broker.ts';
import { runSql } from '../run-sql.ts';
import { benchData, type OpenSystem } from './system.ts';
import { loadSystem, SYSTEM_NAMES } from './systems.ts';

const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const CONNECTIONS = 8;
const STREAM = 'bench-1';
// The first takes one job every two seconds, the others have no consumer.
const NOT_CONSUMERS = ['pg-boss', 'raw pg', 'raw pg, COPY'];
const CONSUMERS = SYSTEM_NAMES.filter((name) => !NOT_CONSUMERS.includes(name));
const STORES = ['weir', 'emmett', 'message-db'];

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** On an empty database: a test database has our schema in it. */
async function openOn(name: string): Promise<OpenSystem> {
  const cluster = inject('clusterUrl');
  const database = `peer_${randomUUID().replaceAll('-', '')}`;
  await runSql(cluster, `CREATE DATABASE ${database}`);
  closers.push(() => runSql(cluster, `DROP DATABASE ${database} WITH (FORCE)`));
  const address = new URL(cluster);
  address.pathname = `/${database}`;
  const system = await (await loadSystem(name)).open(address.href, CONNECTIONS);
  closers.push(system.close);
  return system;
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

test.each(SYSTEM_NAMES)('%s stores what it is given, and tells it', async (name) => {
  const system = await openOn(name);

  await system.appendMany?.(NUMBERS.slice(0, 9).map(benchData), 0);
  await system.append?.(benchData(9), 0);

  expect(sorted(await system.storedNumbers())).toEqual(NUMBERS);
  if (system.readAll === undefined) return;
  // emmett reads nothing younger than the oldest transaction of the whole cluster, and other tests have some.
  await until(
    async () => {
      const read: number[] = [];
      await system.readAll?.((n) => read.push(n));
      return sorted(read);
    },
    (read) => isDeepStrictEqual(read, NUMBERS),
  );
});

test.each(CONSUMERS)('%s hands all of it to a consumer and records that it did', async (name) => {
  const system = await openOn(name);
  await system.appendMany?.(NUMBERS.map(benchData), 0);
  const handled: number[] = [];

  const consumer = await system.consume?.((n) => handled.push(n));

  await until(
    () => handled.length,
    (count) => count === NUMBERS.length,
  );
  await until(
    () => consumer?.unsettled(),
    (open) => open === 0,
  );
  await consumer?.stop();
  expect(sorted(handled)).toEqual(NUMBERS);
});

test.each(STORES)('%s keeps the order of a stream and refuses a stale version', async (name) => {
  const system = await openOn(name);
  await system.appendToStream?.(STREAM, NUMBERS.map(benchData));
  expect(await system.readStream?.(STREAM)).toEqual(NUMBERS);

  const stale = await system.contend?.(STREAM, benchData(10));
  const fresh = await system.contend?.(STREAM, benchData(10));

  expect([stale, fresh]).toEqual([false, true]);
});
