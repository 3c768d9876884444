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
});
