import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type StoredEvent } from '#contracts/event.ts';
import { systemClock } from '#server/engine/clock.ts';
import { silentLogger } from '#server/engine/logger.ts';
import { until } from '#server/testing/test-broker.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { createScenarios } from './scenarios.ts';

let kits: TestEngine[] = [];

afterEach(async () => {
  for (const kit of kits) await kit.drop();
  kits = [];
});

async function startEngine(): Promise<TestEngine> {
  const kit = await createTestEngine();
  kits.push(kit);
  return kit;
}

/** Always the same chances, so that the shop sells the same things in every run. */
function steadyRandom(): () => number {
  let state = 7;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const scenariosOf = ({ engine }: TestEngine, initial: string | null = null) =>
  createScenarios({
    engine,
    clock: systemClock,
    random: steadyRandom(),
    logger: silentLogger,
    initial,
  });

async function eventsOf(
  { engine }: TestEngine,
  query: { readonly type?: string[]; readonly topic?: string[]; readonly correlationId?: string },
): Promise<StoredEvent[]> {
  const page = await engine.reader.query({
    ...query,
    timeField: 'time',
    direction: 'forward',
    limit: 500,
  });
  return page.items;
}

describe('the shop', () => {
  it('takes an order from the basket to the parcel, and a refused one to a mail, in one flow each', async () => {
    const kit = await startEngine();
    const { control } = scenariosOf(kit);

    await control.update('shop', { ratePerSecond: 40 });
    await control.start('shop');
    const [left] = await until(
      () => eventsOf(kit, { type: ['push.sent'], topic: ['notifications'] }),
      (found) => found.length > 0,
    );
    const [cancelled] = await until(
      () => eventsOf(kit, { type: ['case.opened'] }),
      (found) => found.length > 0,
    );
    await control.stop('shop');

    const happy = await until(
      () => eventsOf(kit, { correlationId: left?.correlationid ?? '' }),
      (found) => found.some(({ type }) => type === 'email.sent'),
    );
    expect(happy.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'order.placed',
        'payment.processed',
        'stock.reserved',
        'shipment.scheduled',
        'order.confirmed',
        'shipment.dispatched',
        'email.sent',
        'push.sent',
      ]),
    );
    const stream = await kit.engine.reader.stream(left?.correlationid ?? '', {
      direction: 'forward',
      limit: 10,
    });
    expect(stream.items.map(({ type, topic, version }) => [type, topic, version])).toEqual([
      ['order.placed', 'orders', 1],
      ['order.confirmed', 'orders', 2],
    ]);
    const sad = await eventsOf(kit, { correlationId: cancelled?.correlationid ?? '' });
    expect(sad.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['order.placed', 'order.cancelled', 'case.opened']),
    );
  });

  it('leaves a letter for a person within seconds, which is resolved once payment is repaired', async () => {
    const kit = await startEngine();
    const { control } = scenariosOf(kit);

    await control.start('shop');
    const letters = await until(
      () => kit.engine.deadLetters.list({ subscription: 'payment-service', limit: 50 }),
      (page) => page.items.length > 0,
    );
    const [letter] = letters.items;
    expect(letter).toMatchObject({ errorClass: 'IssuerUnavailable', attemptCount: 4 });
    await control.update('shop', {
      faults: {
        'payment-service': { failureRate: 0, latencyMs: 0, crashRate: 0, duplicateRate: 0 },
      },
    });
    await kit.engine.deadLetters.retry(letter?.id ?? '', undefined, 'tester');

    await until(
      () => kit.engine.deadLetters.get(letter?.id ?? ''),
      ({ status }) => status === 'resolved',
    );
    await control.stop('shop');
  });
});

describe('fan-out', () => {
  it('takes as long as the slowest consumer, not as long as all of them', async () => {
    const kit = await startEngine();
    const { control } = scenariosOf(kit);

    await control.start('fan-out');
    const completed = await until(
      () => eventsOf(kit, { type: ['signup.completed'] }),
      (found) => found.length >= 3,
    );
    await control.stop('fan-out');

    const took = z.array(z.object({ tookMs: z.number(), inARowMs: z.literal(230) }));
    const tookMs = took.parse(completed.map(({ data }) => data)).map((data) => data.tookMs);
    expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(99);
    // The quickest: a machine that does other things too may hold up one of them.
    expect(Math.min(...tookMs)).toBeLessThan(200);
  });
});

describe('scenarios', () => {
  it('start by themselves once, go on after a restart, and stay stopped when a person stopped them', async () => {
    const kit = await startEngine();
    const state = async (scenarios: ReturnType<typeof scenariosOf>) =>
      (await scenarios.control.list()).find(({ name }) => name === 'fan-out');

    const first = scenariosOf(kit, 'fan-out');
    await first.service.start();
    expect(await state(first)).toMatchObject({ state: 'running', ratePerSecond: 1 });
    await first.control.update('fan-out', { ratePerSecond: 5 });
    await first.service.stop();

    const second = scenariosOf(kit);
    await second.service.start();
    expect(await state(second)).toMatchObject({ state: 'running', ratePerSecond: 5 });
    await second.control.stop('fan-out');
    await second.service.stop();

    const third = scenariosOf(kit, 'fan-out');
    await third.service.start();
    expect(await state(third)).toMatchObject({ state: 'stopped', ratePerSecond: 5 });
  });

  it('refuse a rate out of bounds and a consumer of another scenario', async () => {
    const kit = await startEngine();
    const { control } = scenariosOf(kit);

    await expect(control.update('shop', { ratePerSecond: 500 })).rejects.toMatchObject({
      code: 'invalid-request',
      details: { field: 'ratePerSecond' },
    });
    await expect(
      control.update('shop', {
        faults: { nobody: { failureRate: 1, latencyMs: 0, crashRate: 0, duplicateRate: 0 } },
      }),
    ).rejects.toMatchObject({ details: { field: 'faults.nobody' } });
    await expect(control.start('casino')).rejects.toMatchObject({ code: 'unknown-scenario' });
  });
});
