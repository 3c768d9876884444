import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#server/engine/clock.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNode, type TestNodes } from '#server/testing/test-nodes.ts';
import { type ScenarioDefinition } from './scenario.ts';
import { createScenarios } from './scenarios.ts';

let kit: TestNodes;
beforeAll(async () => {
  kit = await createTestNodes();
});
afterAll(() => kit.drop());

/** A scenario that notes which node produced which number. */
const noting = (nodeId: string, produced: { nodeId: string; sequence: number }[]) =>
  ({
    name: 'noting',
    title: 'Noting',
    description: 'notes who produces',
    teaches: [],
    topics: [{ name: 'notes', partitions: 1 }],
    consumers: [],
    rate: { default: 50, min: 1, max: 100, unit: 'notes per second' },
    defaultFaults: {},
    produce: async ({ sequence }) => {
      produced.push({ nodeId, sequence });
    },
  }) satisfies ScenarioDefinition;

test('a scenario runs on every node and is produced by one, and by another when that one leaves', async () => {
  const produced: { nodeId: string; sequence: number }[] = [];
  const open = async (nodeId: string) => {
    const node: TestNode = await kit.open(nodeId);
    const scenarios = createScenarios({
      engine: node.engine,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      initial: null,
      definitions: [noting(nodeId, produced)],
    });
    await scenarios.service.start();
    return { node, ...scenarios };
  };
  const a = await open('a');
  const b = await open('b');
  const producers = () => new Set(produced.slice(-20).map(({ nodeId }) => nodeId));

  await a.control.start('noting');
  await until(
    () => b.control.list(),
    ([one]) => one?.state === 'running',
  );
  await until(
    () => produced.length,
    (count) => count > 60,
  );
  const [first] = producers();
  expect(producers().size).toBe(1);
  const [leaving, staying] = first === 'a' ? [a, b] : [b, a];
  await leaving.service.stop();
  await leaving.node.stop();
  const before = produced.length;
  await until(
    () => produced.length,
    (count) => count > before + 40,
  );

  expect(producers()).toEqual(new Set([staying.node.nodeId]));
  await staying.control.stop('noting');
  const [stopped] = await staying.control.list();
  expect(stopped?.state).toBe('stopped');
  await staying.service.stop();
});
