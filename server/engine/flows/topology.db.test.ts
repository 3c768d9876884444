import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertTrafficSamples } from '#server/storage/sample-rows.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { systemClock } from '../clock.ts';
import { createTopologyReader } from './topology.ts';
import { createTraffic } from './traffic.ts';

const minutesAgo = (minutes: number) =>
  new Date(systemClock.now() - minutes * 60_000).toISOString();

let test: TestEngine;
beforeAll(async () => {
  test = await createTestEngine();
});
afterAll(() => test.drop());

describe('createTopologyReader', () => {
  it('shows edges of the last hour at rest, and longer windows from the samples', async () => {
    const { database } = test.database;
    const { topics, broker } = test.engine;
    await topics.ensure('orders');
    const sample = { source: 'web', target: 'orders', count: 600, errors: 0, p95Ms: null };
    await insertTrafficSamples(database.pool, minutesAgo(3), [{ ...sample, kind: 'publish' }]);
    const reader = createTopologyReader({
      traffic: createTraffic({ clock: systemClock }),
      broker,
      topics,
      database,
      clock: systemClock,
      othersAlive: () => false,
    });

    const minute = await reader.topology(60);
    const tenMinutes = await reader.topology(600);

    const id = 'producer:web>topic:orders';
    expect(minute.edges.find((edge) => edge.id === id)).toMatchObject({ rate: 0, count: 0 });
    expect(tenMinutes.edges.find((edge) => edge.id === id)).toMatchObject({ rate: 1, count: 600 });
    const node = tenMinutes.nodes.find((candidate) => candidate.id === 'producer:web');
    expect(node?.spark).toHaveLength(60);
    expect(node?.lastSeenAt).not.toBeNull();
  });

  it('counts what other servers measured, in short windows too', async () => {
    const { database } = test.database;
    const { topics, broker } = test.engine;
    await topics.ensure('shared');
    const nowMs = 1_800_000_000_500;
    const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1_000).toISOString();
    const row = {
      kind: 'publish',
      source: 'far',
      target: 'shared',
      errors: 0,
      p95Ms: null,
    } as const;
    await insertTrafficSamples(database.pool, at(2), [{ ...row, count: 30 }]);
    await insertTrafficSamples(database.pool, at(2), [{ ...row, count: 20 }]);
    await insertTrafficSamples(database.pool, at(30), [{ ...row, count: 600 }]);
    const clock = { ...systemClock, now: () => nowMs };
    const reader = createTopologyReader({
      traffic: createTraffic({ clock }),
      broker,
      topics,
      database,
      clock,
      othersAlive: () => true,
    });

    const short = await reader.topology(10);
    const minute = await reader.topology(60);

    const id = 'producer:far>topic:shared';
    const node = short.nodes.find((candidate) => candidate.id === 'producer:far');
    expect(short.edges.find((edge) => edge.id === id)).toMatchObject({ rate: 5, count: 50 });
    expect(minute.edges.find((edge) => edge.id === id)).toMatchObject({ count: 650 });
    expect(node?.spark.slice(-3)).toEqual([50, 0, 0]);
    expect(node?.spark[29]).toBe(600);
  });
});
