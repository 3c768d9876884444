import { afterEach, beforeEach, expect, test } from 'vitest';
import { never, quickSettings, until } from '#server/testing/test-broker.ts';
import { createTestNodes, type TestNode, type TestNodes } from '#server/testing/test-nodes.ts';
import { makeTopic, noting, ownersAre, PARTITIONS } from '#server/testing/things-on-nodes.ts';
import { type ConsumerDefinition } from '../broker/consumer-definition.ts';
import { Queue } from '../broker/queue.ts';

let kit: TestNodes;
beforeEach(async () => {
  kit = await createTestNodes();
});
afterEach(() => kit.drop());

const ROUNDS = 6;
const ROUND_EVENTS = 200;
const MOST_BEHIND = 400;
const KEYS = 40;
const SLOW_KEYS = ['k0', 'k1', 'k2', 'k3'];

test('nothing that was handled comes again when nodes join and leave under load', async () => {
  const load = new Load();
  const a = await kit.open('a');
  await makeTopic(a);
  await a.engine.broker.register(load.consumer('a'));
  const publishing = load.publishOver(a);
  const ending = load.endSlow();

  for (let round = 0; round < ROUNDS; round += 1) {
    const b = await kit.open('b');
    await b.engine.broker.register(load.consumer('b'));
    await ownersAre(kit, { a: PARTITIONS / 2, b: PARTITIONS / 2 });
    await load.goesOn('b');
    await b.stop();
    await ownersAre(kit, { a: PARTITIONS });
    await load.goesOn('a');
  }
  load.end();
  const [published] = await Promise.all([publishing, ending]);
  await until(
    () => load.ids.length,
    (count) => count >= published,
  );

  expect(load.again).toEqual([]);
  expect(load.ids.length).toBe(published);
});

test('a receiver is not given again what it acknowledged before its node was stopped', async () => {
  const a = await kit.open('a');
  await makeTopic(a);
  const settings = quickSettings({ filter: { topics: ['things'] } });
  await a.engine.broker.put('pulled', settings, 'test');
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  await publishIds(a, [
    ...keys.map((key) => ({ id: `${key}-first`, key })),
    ...keys.map((key) => ({ id: `${key}-second`, key })),
    ...keys.map((key) => ({ id: `other-${key}`, key: `other-${key}` })),
  ]);
  const given = await received(a);
  const others = given.filter(({ id }) => id.startsWith('other'));
  expect(others.length).toBe(20);
  await a.engine.broker.ack(
    'pulled',
    others.map(({ deliveryId }) => deliveryId),
  );
  await a.stop();

  const b = await kit.open('b');
  const again: string[] = [];
  await until(
    async () => {
      const deliveries = await received(b);
      again.push(...deliveries.map(({ id }) => id));
      await b.engine.broker.ack(
        'pulled',
        deliveries.map(({ deliveryId }) => deliveryId),
      );
      return again.length;
    },
    (count) => count >= 40,
  );

  expect(again.toSorted()).toEqual(
    keys.flatMap((key) => [`${key}-first`, `${key}-second`]).toSorted(),
  );
});

/**
 * Events without end. Those of slow keys end one after the other, one a round trip to the database, and so at every moment some wait behind
 * one that later events have overtaken.
 */
class Load {
  readonly ids: string[] = [];
  readonly again: string[] = [];
  readonly #seen = new Set<string>();
  readonly #handledAt = new Map<string, number>();
  readonly #slow = new Queue<() => void>();
  #isOver = false;

  consumer(node: string): ConsumerDefinition {
    return noting(node, [], {
      concurrency: 16,
      handle: async ({ id, subject }) => {
        if (!this.#isOver && SLOW_KEYS.includes(subject ?? '')) await this.#turn();
        this.#note(node, id);
      },
    });
  }

  /** Resolves when the node has handled some more. */
  async goesOn(node: string): Promise<void> {
    const from = this.#handledAt.get(node) ?? 0;
    await until(
      () => this.#handledAt.get(node) ?? 0,
      (count) => count >= from + ROUND_EVENTS,
    );
  }

  /** Publishes until the end; resolves to how many. */
  async publishOver(node: TestNode): Promise<number> {
    let published = 0;
    while (!this.#isOver) {
      const first = published;
      const events = Array.from({ length: ROUND_EVENTS }, (_, index) => ({
        id: `e${first + index}`,
        key: `k${(first + index) % KEYS}`,
      }));
      await publishIds(node, events);
      published += ROUND_EVENTS;
      await until(
        () => first + ROUND_EVENTS - this.ids.length,
        (behind) => behind < MOST_BEHIND || this.#isOver,
      );
    }
    return published;
  }

  /** Ends slow ones until the end. */
  async endSlow(): Promise<void> {
    while (!this.#isOver) {
      await kit.database.database.pool.query('SELECT');
      this.#slow.shift()?.();
    }
    for (const end of this.#slow.drain()) end();
  }

  end(): void {
    this.#isOver = true;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#slow.push(resolve));
  }

  #note(node: string, id: string): void {
    if (this.#seen.has(id)) this.again.push(`${id} at ${node}`);
    else this.ids.push(id);
    this.#seen.add(id);
    this.#handledAt.set(node, (this.#handledAt.get(node) ?? 0) + 1);
  }
}

/** What a receiver at the node is given. */
async function received({ engine }: TestNode) {
  const request = { max: 100, waitMs: 1_000 };
  const deliveries = await engine.broker.receive('pulled', request, never);
  return deliveries.map(({ deliveryId, event }) => ({ deliveryId, id: event.id }));
}

async function publishIds(
  { engine }: TestNode,
  events: readonly { readonly id: string; readonly key: string }[],
): Promise<void> {
  await engine.publisher.publish({
    topic: 'things',
    batch: true,
    inputs: events.map(({ id, key }) => ({
      attributes: { id, source: 'test', type: 'thing.happened', subject: key },
      payload: { kind: 'json', value: {} } as const,
    })),
  });
}
