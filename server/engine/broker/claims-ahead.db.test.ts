import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestBroker, indexOf, type TestBroker, until } from '#server/testing/test-broker.ts';
import { type Broker } from '../engine-parts.ts';
import { defineConsumer } from './consumer-definition.ts';

/** One event is in hand, the rest of its claim waits behind it, and one claim more lies ahead. */
const EVENTS = 30;
const CLAIM = 10;
const UNUSED = { low: CLAIM, owner: null };

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

type Handle = (index: number) => Promise<void> | void;
type StoredClaim = { readonly low: number; readonly owner: string | null };

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b);

async function register(broker: Broker, name: string, handle: Handle): Promise<void> {
  await broker.register(
    defineConsumer({
      name,
      description: '',
      version: '1',
      mode: 'queue',
      filter: { topics: [name] },
      concurrency: 1,
      maxInFlight: 2 * CLAIM,
      retry: { maxRetries: 3, baseMs: 10 },
      breaker: { failures: 1, windowMs: 60_000, openMs: 600_000 },
      handle: (event) => handle(indexOf(event)),
    }),
  );
}

const publish = (name: string): Promise<void> =>
  kit.publish(
    name,
    numbers(0, EVENTS).map(() => 'one'),
    name,
  );

const claimsOf = async (name: string): Promise<StoredClaim[]> => {
  const { rows } = await kit.database.database.pool.query<StoredClaim>(
    `SELECT c.from_offset AS low, c.owner
     FROM claims c JOIN subscriptions s ON s.id = c.subscription_id WHERE s.name = $1 ORDER BY c.from_offset`,
    [name],
  );
  return rows;
};

/** A server that works on the first event until it is let go, and holds one claim more than that of this event. */
async function openStuck(name: string) {
  const node = await kit.open(`${name}-a`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const begun: number[] = [];
  await register(node.broker, name, (index) => {
    begun.push(index);
    return promise;
  });
  await publish(name);
  await until(
    () => claimsOf(name),
    (claims) => claims.length === 2,
  );
  await until(
    () => begun.length,
    (count) => count === 1,
  );
  return { node, begun, letGo: resolve, fail: reject };
}

/** A server that handles what it gets; the indexes it handled. */
async function openHandling(name: string, nodeId: string) {
  const node = await kit.open(nodeId);
  const handled: number[] = [];
  await register(node.broker, name, (index) => {
    handled.push(index);
  });
  return { node, handled };
}

describe('claims ahead', () => {
  test('a stop gives them back although a handler never ends', async () => {
    const name = 'ahead-stopped';
    const { node, begun, letGo } = await openStuck(name);

    await node.close();

    expect(begun).toEqual([0]);
    expect(await claimsOf(name)).toEqual([{ low: 0, owner: `${name}-a` }, UNUSED]);
    const next = await openHandling(name, `${name}-b`);
    await until(
      () => next.handled.length,
      (count) => count >= EVENTS,
    );
    expect(sorted(next.handled)).toEqual(numbers(0, EVENTS));
    letGo();
    await next.node.close();
  });

  test('a stop gives them to others while what is in hand still ends', async () => {
    const name = 'ahead-stopping';
    const { node, begun, letGo } = await openStuck(name);
    const other = await openHandling(name, `${name}-b`);
    await until(
      () => other.handled.length,
      (count) => count >= EVENTS - 2 * CLAIM,
    );

    const closing = node.close();
    await until(
      () => other.handled.length,
      (count) => count >= EVENTS - CLAIM,
    );

    expect(sorted(other.handled)).toEqual(numbers(CLAIM, EVENTS));
    letGo();
    await closing;
    await until(
      () => other.handled.length,
      (count) => count >= EVENTS - begun.length,
    );
    expect(begun).toEqual([0]);
    expect(sorted([...begun, ...other.handled])).toEqual(numbers(0, EVENTS));
    await other.node.close();
  });

  test('a pause gives them back, and nothing comes twice after it', async () => {
    const name = 'ahead-paused';
    const { node, begun, letGo } = await openStuck(name);

    await node.broker.pause(name, 'test');
    await until(
      () => claimsOf(name),
      (claims) => claims.some(({ low, owner }) => low === CLAIM && owner === null),
    );
    expect(begun).toEqual([0]);
    letGo();
    await node.broker.resume(name, 'test');

    await until(
      () => begun.length,
      (count) => count >= EVENTS,
    );
    expect(sorted(begun)).toEqual(numbers(0, EVENTS));
    await node.close();
  });

  test('an open breaker gives them to who can handle them', async () => {
    const name = 'ahead-broken';
    const { node, begun, fail } = await openStuck(name);
    // A server that starts later would begin with the open breaker that is stored.
    const other = await openHandling(name, `${name}-b`);

    fail(new Error('this server reaches nothing'));
    await until(
      () => other.handled.length,
      (count) => count >= EVENTS,
    );

    expect(begun).toEqual([0]);
    expect(sorted(other.handled)).toEqual(numbers(0, EVENTS));
    await other.node.close();
    await node.close();
  });

  test('the next life of a server that died with them handles each event once', async () => {
    const name = 'ahead-killed';
    const { begun, letGo } = await openStuck(name);

    const next = await openHandling(name, `${name}-a`);
    await until(
      () => next.handled.length,
      (count) => count >= EVENTS,
    );
    await until(
      () => claimsOf(name),
      (claims) => claims.length === 0,
    );

    expect(begun).toEqual([0]);
    expect(sorted(next.handled)).toEqual(numbers(0, EVENTS));
    letGo();
    await next.node.close();
  });
});
