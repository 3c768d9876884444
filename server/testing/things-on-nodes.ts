import { expect } from 'vitest';
import {
  type ConsumerDefinition,
  defineConsumer,
} from '#server/engine/broker/consumer-definition.ts';
import { until } from './test-broker.ts';
import { type TestNode, type TestNodes } from './test-nodes.ts';

export const PARTITIONS = 12;
const KEYS = 40;

export type Handled = { readonly node: string; readonly id: string; readonly key: string };

/** A consumer of topic `things` that notes what is handled at which node. */
export const noting = (
  node: string,
  handled: Handled[],
  over: Partial<ConsumerDefinition> = {},
): ConsumerDefinition =>
  defineConsumer({
    name: 'noting',
    description: 'notes what it is given',
    version: '1',
    filter: { topics: ['things'] },
    retry: { maxRetries: 5, baseMs: 20, factor: 1, maxMs: 20, jitter: 0 },
    handle: (event) => {
      handled.push({ node, id: event.id, key: event.subject ?? '' });
    },
    ...over,
  });

/** Topic `things`, with as many partitions as {@link PARTITIONS}. */
export async function makeTopic({ engine }: TestNode): Promise<void> {
  await engine.topics.put(
    'things',
    {
      partitions: PARTITIONS,
      retention: { maxAgeMs: null, maxBytes: null },
      durability: 'durable',
      onInvalid: 'reject',
      maxBuffered: 10_000,
    },
    'test',
  );
}

/** Publishes `count` events to topic `things` at that node; ids are `<prefix><index>`. */
export async function publish(node: TestNode, count: number, prefix: string): Promise<void> {
  await node.engine.publisher.publish({
    topic: 'things',
    batch: true,
    inputs: Array.from({ length: count }, (_, index) => ({
      attributes: {
        id: `${prefix}${index}`,
        source: 'test',
        type: 'thing.happened',
        subject: `key-${index % KEYS}`,
      },
      payload: { kind: 'json', value: { index } } as const,
    })),
  });
}

/** How many partitions each node has, as the database says. */
export async function owners({ database }: TestNodes): Promise<Record<string, number>> {
  const { rows } = await database.database.pool.query<{ owner: string; count: number }>(
    `SELECT coalesce(owner, 'nobody') AS owner, count(*) AS count FROM subscription_partitions GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.owner, row.count]));
}

/** Resolves when each node has as many partitions as wanted; the names in alphabetical order. */
export const ownersAre = (kit: TestNodes, wanted: Record<string, number>) =>
  until(
    () => owners(kit),
    (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
  );

export const idsOf = (handled: readonly Handled[]) => handled.map(({ id }) => id).toSorted();

/** What {@link idsOf} answers when `count` events of each prefix were handled once. */
export const expectedIds = (prefixes: readonly string[], count: number) =>
  prefixes
    .flatMap((prefix) => Array.from({ length: count }, (_, index) => `${prefix}${index}`))
    .toSorted();

/** Per key the events come in the order of their index, over all nodes. */
export function expectOrder(handled: readonly Handled[], prefix: string): void {
  const last = new Map<string, number>();
  for (const { id, key } of handled.filter((one) => one.id.startsWith(prefix))) {
    const index = Number(id.slice(prefix.length));
    expect(index).toBeGreaterThan(last.get(key) ?? -1);
    last.set(key, index);
  }
}
