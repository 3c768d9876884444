import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedriveRequest, redriveRequestSchema } from '#contracts/dead-letter.ts';
import {
  type Operation,
  type OperationState,
  operationSchema,
  type ReplayRequest,
  replayRequestSchema,
} from '#contracts/operation.ts';
import { subscriptionSettingsSchema } from '#contracts/subscription.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { defineConsumer, NonRetryableError } from '../broker/consumer-definition.ts';

let kit: TestEngine;

beforeAll(async () => {
  kit = await createTestEngine();
});
afterAll(() => kit.drop());

type Received = {
  readonly id: string;
  readonly replay: string | null;
  readonly redrive: string | null;
};

/** A consumer that keeps what it was given, and fails while `broken` says so. */
function recorder(name: string, topic: string, broken: (id: string) => boolean = () => false) {
  const received: Received[] = [];
  const definition = defineConsumer({
    name,
    description: 'keeps what it is given',
    version: '1',
    filter: { topics: [topic] },
    handle: (event, ctx) => {
      received.push({
        id: event.id,
        replay: ctx.replay?.operationId ?? null,
        redrive: ctx.redrive?.operationId ?? null,
      });
      if (broken(event.id)) throw new NonRetryableError('broken');
    },
  });
  return { definition, received };
}

async function publish(topic: string, count: number, key?: string): Promise<number[]> {
  const receipts = await kit.engine.publisher.publish({
    topic,
    batch: true,
    inputs: Array.from({ length: count }, (_, index) => ({
      attributes: {
        id: `${topic}-${index}`,
        source: 'test',
        type: index % 2 === 0 ? 'thing.even' : 'thing.odd',
        subject: key ?? `subject-${index % 5}`,
      },
      payload: { kind: 'json' as const, value: { index } },
    })),
  });
  return receipts.map((receipt) => receipt.position);
}

const reaches = (id: string, ...states: OperationState[]) =>
  until(
    () => kit.engine.operations.get(id),
    (operation) => states.includes(operation.state),
  );

const replay = async (
  request: Partial<ReplayRequest> & Pick<ReplayRequest, 'from' | 'to' | 'target'>,
) =>
  operationSchema.parse(
    await kit.engine.operations.replay(replayRequestSchema.parse(request), 'tester'),
  );

const redrive = async (request: Partial<RedriveRequest>): Promise<Operation> =>
  operationSchema.parse(
    await kit.engine.operations.redrive(redriveRequestSchema.parse(request), 'tester'),
  );

const openLetters = async (subscription: string) =>
  (await kit.engine.deadLetters.list({ subscription, status: 'open', limit: 500 })).items;

describe('replay', () => {
  it('reaches exactly its target with exactly its range, marked', async () => {
    const target = recorder('replay-target', 'replay-exact');
    const other = recorder('replay-other', 'replay-exact');
    await kit.engine.broker.register(target.definition);
    await kit.engine.broker.register(other.definition);
    const positions = await publish('replay-exact', 300);
    await until(
      () => target.received.length + other.received.length,
      (count) => count === 600,
    );

    const operation = await replay({
      from: positions[50] ?? 0,
      to: positions[149] ?? 0,
      target: { subscription: 'replay-target' },
    });
    const done = await reaches(operation.id, 'done');

    const again = target.received.slice(300);
    expect(done).toMatchObject({ total: 100, done: 100, failed: 0 });
    expect(again.map(({ id }) => id).toSorted()).toEqual(
      Array.from({ length: 100 }, (_, index) => `replay-exact-${index + 50}`).toSorted(),
    );
    expect(again.every(({ replay: mark }) => mark === operation.id)).toBe(true);
    expect(other.received).toHaveLength(300);
  });

  it('plans without storing anything', async () => {
    const target = recorder('plan-target', 'replay-plan');
    await kit.engine.broker.register(target.definition);
    const positions = await publish('replay-plan', 10);
    const before = await kit.engine.operations.list({ limit: 500 });

    const plan = await kit.engine.operations.replay(
      replayRequestSchema.parse({
        from: positions[0],
        to: '2999-01-01T00:00:00Z',
        filter: { type: 'thing.even' },
        target: { subscription: 'plan-target' },
        ratePerSecond: 2,
        dryRun: true,
      }),
      'tester',
    );

    expect(plan).toMatchObject({
      dryRun: true,
      total: 5,
      byType: [{ type: 'thing.even', count: 5 }],
      estimatedMs: 2_500,
      toPosition: expect.any(Number),
    });
    expect((await kit.engine.operations.list({ limit: 500 })).items).toHaveLength(
      before.items.length,
    );
  });

  it('pauses, goes on where it was, and is told on $system', async () => {
    const target = recorder('pause-target', 'replay-pause');
    const live = recorder('pause-live', 'replay-pause-live');
    await kit.engine.broker.register(target.definition);
    await kit.engine.broker.register(live.definition);
    const positions = await publish('replay-pause', 60);
    await until(
      () => target.received.length,
      (count) => count === 60,
    );

    const { id } = await replay({
      from: positions[0] ?? 0,
      to: positions.at(-1) ?? 0,
      target: { subscription: 'pause-target' },
      ratePerSecond: 100,
    });
    await until(
      () => target.received.length,
      (count) => count >= 70,
    );
    expect((await kit.engine.operations.pause(id, 'tester')).state).toBe('paused');
    await until(
      async () => (await kit.engine.operations.get(id)).done,
      (settled) => settled === target.received.length - 60,
    );
    const whilePaused = target.received.length;
    await publish('replay-pause-live', 1);
    await until(
      () => live.received.length,
      (count) => count === 1,
    );
    expect(target.received).toHaveLength(whilePaused);
    expect((await kit.engine.operations.resume(id, 'tester')).state).toBe('running');
    const done = await reaches(id, 'done');

    expect(done).toMatchObject({ total: 60, done: 60 });
    expect(target.received).toHaveLength(120);
    const facts = await until(
      () =>
        kit.engine.reader.query({
          topic: ['$system'],
          subject: [id],
          timeField: 'time',
          direction: 'forward',
          limit: 50,
        }),
      (page) => page.items.length === 4,
    );
    expect(facts.items.map((event) => event.type)).toEqual([
      'weir.operation.created',
      'weir.operation.paused',
      'weir.operation.resumed',
      'weir.operation.finished',
    ]);
  });

  it('gives nothing twice when it is paused and resumed at once, again and again', async () => {
    const target = recorder('hurry-target', 'replay-hurry');
    await kit.engine.broker.register(target.definition);
    const positions = await publish('replay-hurry', 400);
    await until(
      () => target.received.length,
      (count) => count === 400,
    );

    const { id } = await replay({
      from: positions[0] ?? 0,
      to: positions.at(-1) ?? 0,
      target: { subscription: 'hurry-target' },
      ratePerSecond: 400,
    });
    for (let times = 0; times < 5; times += 1) {
      await until(
        () => target.received.length,
        (count) => count > 420 + times * 50,
      );
      await kit.engine.operations.pause(id, 'tester');
      await kit.engine.operations.resume(id, 'tester');
    }
    const done = await reaches(id, 'done');

    expect(done).toMatchObject({ total: 400, done: 400, failed: 0 });
    expect(target.received).toHaveLength(800);
  });

  it('refuses what it cannot do, naming the field', async () => {
    const target = { subscription: 'nobody' };

    await expect(replay({ from: 1, to: 2, target })).rejects.toMatchObject({
      code: 'unknown-subscription',
    });
    await expect(replay({ from: 1, to: 2, target: { topic: 't' } })).rejects.toMatchObject({
      code: 'not-supported',
      details: { field: 'target' },
    });
    const settings = subscriptionSettingsSchema.parse({ mode: 'queue' });
    await kit.engine.broker.put('a-queue', settings, 'test');
    await expect(
      replay({ from: 1, to: 2, target: { subscription: 'a-queue' } }),
    ).rejects.toMatchObject({
      code: 'not-supported',
      details: { field: 'target.subscription' },
    });
    await expect(kit.engine.operations.get('nonsense')).rejects.toMatchObject({
      code: 'unknown-operation',
    });
  });
});

describe('redrive', () => {
  it('resolves all letters once the consumer is repaired, and nobody else sees anything', async () => {
    let isBroken = true;
    const consumer = recorder('redrive-target', 'redrive', () => isBroken);
    const other = recorder('redrive-other', 'redrive');
    await kit.engine.broker.register(consumer.definition);
    await kit.engine.broker.register(other.definition);
    await publish('redrive', 40);
    await until(
      () => openLetters('redrive-target'),
      (letters) => letters.length === 40,
    );

    isBroken = false;
    const { id } = await redrive({ filter: { subscription: 'redrive-target' }, canary: true });
    const done = await reaches(id, 'done');

    expect(done).toMatchObject({ total: 40, done: 40, failed: 0 });
    expect(await openLetters('redrive-target')).toHaveLength(0);
    expect(consumer.received.slice(40).every((one) => one.redrive === id)).toBe(true);
    expect(consumer.received).toHaveLength(80);
    expect(other.received).toHaveLength(40);
  });

  it('stops after a canary that fails, and leaves the others open', async () => {
    const consumer = recorder('canary-target', 'canary', () => true);
    await kit.engine.broker.register(consumer.definition);
    await publish('canary', 30);
    await until(
      () => openLetters('canary-target'),
      (letters) => letters.length === 30,
    );

    const { id } = await redrive({ filter: { subscription: 'canary-target' }, canary: 3 });
    const stopped = await reaches(id, 'stopped');

    expect(stopped).toMatchObject({ total: 30, done: 0, failed: 3 });
    expect(await openLetters('canary-target')).toHaveLength(30);
    expect(consumer.received).toHaveLength(33);
  });

  it('refuses to mean everything or nothing', async () => {
    await expect(redrive({ filter: {} })).rejects.toMatchObject({
      code: 'invalid-request',
      details: { field: 'filter' },
    });
    await expect(redrive({ ids: [] })).rejects.toMatchObject({
      code: 'invalid-request',
      details: { field: 'ids' },
    });
  });
});
