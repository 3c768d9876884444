import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';
import { statementsOn } from './broker-store.ts';
import { defineConsumer, NonRetryableError } from './consumer-definition.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

const quickRetry = { maxRetries: 3, baseMs: 20, factor: 2, maxMs: 1_000, jitter: 0 };
const never = new AbortController().signal;
const rows = async <Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> =>
  (await kit.database.database.pool.query<Row>(sql, params)).rows;

describe('handlers', () => {
  test('delivers every event once and in order per key, and commits the offsets', async () => {
    const broker = await kit.open('handlers');
    const seen: string[] = [];
    await broker.broker.register(
      defineConsumer({
        name: 'all',
        description: '',
        version: '1',
        filter: { topics: ['orders'] },
        handle: async (event) => {
          await Promise.resolve();
          seen.push(`${event.subject}:${indexOf(event)}`);
        },
      }),
    );

    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index % 7}`);
    await kit.publish('orders', keys);
    await until(
      () => seen.length,
      (count) => count === 1_000,
    );

    for (let key = 0; key < 7; key += 1) {
      const ofKey = seen
        .filter((one) => one.startsWith(`k${key}:`))
        .map((one) => Number(one.split(':')[1]));
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
    }
    const lag = await until(
      () => broker.broker.lag('all'),
      (one) => one.total === 0,
    );
    expect(lag.partitions).toHaveLength(4);
    await broker.close();
    const committed = await rows<{ sum: number }>(
      `SELECT sum(committed)::int AS sum FROM subscription_partitions JOIN subscriptions s ON s.id = subscription_id WHERE s.name = 'all' AND owner IS NULL`,
    );
    expect(committed[0]?.sum).toBe(1_000);
  });

  test('what a handler publishes has derived ids and names its cause', async () => {
    const broker = await kit.open('publishing');
    await broker.broker.register(
      defineConsumer({
        name: 'emitter',
        description: '',
        version: '1',
        filter: { topics: ['causes'] },
        handle: (event, ctx) => {
          ctx.publish('effects', { type: 'effect', subject: event.subject ?? '', data: { n: 1 } });
          ctx.append('account-1', { type: 'booked' });
        },
      }),
    );
    const effects: unknown[] = [];
    await broker.broker.register(
      defineConsumer({
        name: 'effects-watcher',
        description: '',
        version: '1',
        filter: { topics: ['effects', 'account'] },
        handle: (event) => {
          effects.push({
            id: event.id,
            source: event.source,
            correlationid: event.correlationid,
            causationid: event.causationid,
            version: event.version,
          });
        },
      }),
    );

    await kit.publish('causes', ['x'], 'cause');
    await until(
      () => effects.length,
      (count) => count === 2,
    );

    expect(effects.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
      {
        id: 'cause0:emitter:0',
        source: 'emitter',
        correlationid: 'cause0',
        causationid: 'cause0',
        version: undefined,
      },
      {
        id: 'cause0:emitter:1',
        source: 'emitter',
        correlationid: 'cause0',
        causationid: 'cause0',
        version: 1,
      },
    ]);
    await broker.close();
  });

  test('a failing key is parked in order while other keys go on', async () => {
    const broker = await kit.open('parking');
    let repaired = false;
    const handled: string[] = [];
    await broker.broker.register(
      defineConsumer({
        name: 'parker',
        description: '',
        version: '1',
        filter: { topics: ['parking'] },
        retry: { ...quickRetry, maxRetries: 100, factor: 1 },
        breaker: { failures: 10_000 },
        handle: (event) => {
          if (!repaired && event.subject === 'bad') throw new Error('still broken');
          handled.push(`${event.subject}:${indexOf(event)}`);
        },
      }),
    );

    await kit.publish(
      'parking',
      Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'bad' : `good${i % 3}`)),
      'p',
    );
    await until(
      () => handled.length,
      (count) => count === 100,
    );
    const parked = await until(
      () => broker.broker.get('parker'),
      (one) => one.parked === 99,
    );
    expect(parked.retrying).toBe(1);
    repaired = true;
    await until(
      () => handled.length,
      (count) => count === 200,
    );

    const bad = handled
      .filter((one) => one.startsWith('bad'))
      .map((one) => Number(one.split(':')[1]));
    expect(bad).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
    await until(
      () => rows('SELECT 1 FROM retries'),
      (left) => left.length === 0,
    );
    await broker.close();
  });

  test('a parked key survives a restart and keeps its order', async () => {
    const first = await kit.open('parking-restart');
    const handled: number[] = [];
    let repaired = false;
    const definition = defineConsumer({
      name: 'restarted-parker',
      description: '',
      version: '1',
      filter: { topics: ['parking-restart'] },
      retry: { ...quickRetry, maxRetries: 100, factor: 1 },
      handle: (event) => {
        if (!repaired) throw new Error('still broken');
        handled.push(indexOf(event));
      },
    });
    await first.broker.register(definition);
    await kit.publish(
      'parking-restart',
      Array.from({ length: 20 }, () => 'k'),
      'r',
    );
    await until(
      () => first.broker.get('restarted-parker'),
      (one) => one.parked === 19,
    );
    await first.close();

    repaired = true;
    const second = await kit.open('parking-restart');
    await second.broker.register(definition);
    await kit.publish(
      'parking-restart',
      Array.from({ length: 20 }, () => 'k'),
      'late',
    );
    await until(
      () => handled.length,
      (count) => count === 40,
    );

    const once = Array.from({ length: 20 }, (_, i) => i);
    expect(handled).toEqual([...once, ...once]);
    await second.close();
  });

  test('block: the partition waits behind the failing event', async () => {
    const broker = await kit.open('blocking');
    await kit.topics.put(
      'blocking',
      {
        partitions: 1,
        retention: { maxAgeMs: null, maxBytes: null },
        durability: 'durable',
        onInvalid: 'reject',
        maxBuffered: 1_000,
      },
      'test',
    );
    const handled: number[] = [];
    let failures = 0;
    await broker.broker.register(
      defineConsumer({
        name: 'blocker',
        description: '',
        version: '1',
        filter: { topics: ['blocking'] },
        onFailure: 'block',
        retry: quickRetry,
        handle: (event) => {
          if (indexOf(event) === 3 && failures < 2) {
            failures += 1;
            throw new Error('not yet');
          }
          handled.push(indexOf(event));
        },
      }),
    );
    await kit.publish('blocking', ['a', 'b', 'c', 'd', 'e', 'f', null, 'h'], 'b');
    await until(
      () => handled.length,
      (count) => count === 8,
    );
    expect(handled).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await broker.close();
  });

  test('a handler that takes too long has failed, and one that is not retryable is dead at once', async () => {
    const broker = await kit.open('failing');
    await broker.broker.register(
      defineConsumer({
        name: 'fails',
        description: '',
        version: '7',
        filter: { topics: ['failing'] },
        retry: { ...quickRetry, maxRetries: 1 },
        timeoutMs: 30,
        handle: async (event, ctx) => {
          if (indexOf(event) === 0)
            await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
          if (indexOf(event) === 1) throw new NonRetryableError('order 4711 has no address');
          // A thrown text is no Error, and must be handled all the same.
          if (indexOf(event) === 2) return Promise.reject({ odd: true });
        },
      }),
    );
    await kit.publish('failing', [null, null, null, null], 'f');
    const page = await until(
      () => broker.deadLetters.list({ subscription: 'fails', limit: 10 }),
      (one) => one.items.length === 3,
    );
    const byIndex = new Map(page.items.map((letter) => [indexOf(letter.event), letter]));
    expect(byIndex.get(0)?.attempts.map((one) => one.error.class)).toEqual([
      'HandlerTimeout',
      'HandlerTimeout',
    ]);
    expect(byIndex.get(1)?.attempts).toHaveLength(1);
    expect(byIndex.get(1)?.attempts[0]?.handlerVersion).toBe('7');
    expect(byIndex.get(2)?.errorMessage).toBe('{"odd":true}');
    const groups = (await broker.deadLetters.groups()).filter(
      (group) => group.subscription === 'fails',
    );
    expect(groups).toHaveLength(3);
    expect(groups.map((group) => group.message)).toContain('order N has no address');
    await broker.close();
  });

  test('effectively once: a crash between two tries leaves each effect once', async () => {
    const { pool } = kit.database.database;
    await pool.query('CREATE TABLE IF NOT EXISTS effects_seen (id text, n integer)');
    const broker = await kit.open('once');
    let failing = true;
    await broker.broker.register(
      defineConsumer({
        name: 'once',
        description: '',
        version: '1',
        filter: { topics: ['once'] },
        guarantee: 'effectively-once',
        // Enough tries to be still failing when the cause is removed, however slow the machine.
        retry: { ...quickRetry, maxRetries: 100, maxMs: 50 },
        handle: async (event, ctx) => {
          await ctx.tx.query('INSERT INTO effects_seen VALUES ($1, 1)', [event.id]);
          ctx.publish('once-out', { type: 'out' });
          if (failing && indexOf(event) % 3 === 0) throw new Error('after the write');
        },
      }),
    );
    await kit.publish(
      'once',
      Array.from({ length: 30 }, (_, i) => `k${i}`),
      'o',
    );
    await until(
      () => rows('SELECT 1 FROM effects_seen'),
      (seen) => seen.length === 20,
    );
    failing = false;
    await until(
      () => rows('SELECT 1 FROM effects_seen'),
      (seen) => seen.length === 30,
    );

    // Delivered again as after a crash before the commit of the offsets.
    const before = await broker.broker.get('once');
    await broker.close();
    await pool.query(
      `UPDATE subscription_partitions SET committed = 0, committed_position = 0, owner = 'once', owner_incarnation = gen_random_uuid()
       WHERE subscription_id = (SELECT id FROM subscriptions WHERE name = 'once')`,
    );
    const next = await kit.open('once');
    let calls = 0;
    await next.broker.register(
      defineConsumer({
        name: 'once',
        description: '',
        version: '1',
        filter: { topics: ['once'] },
        guarantee: 'effectively-once',
        retry: quickRetry,
        handle: async (event, ctx) => {
          calls += 1;
          await ctx.tx.query('INSERT INTO effects_seen VALUES ($1, 1)', [event.id]);
        },
      }),
    );
    await until(
      () => next.broker.lag('once'),
      (lag) => lag.total === 0,
    );
    expect(before.lag).toBe(0);
    expect(calls).toBe(0);
    expect(await rows('SELECT 1 FROM effects_seen')).toHaveLength(30);
    await next.close();
  });
});

describe('leases', () => {
  test('a server that was killed is taken over: nothing is lost and the zombie cannot commit', async () => {
    const first = await kit.open('killed');
    const firstSeen: number[] = [];
    const held = Promise.withResolvers<void>();
    const definition = {
      name: 'taken-over',
      description: '',
      version: '1',
      filter: { topics: ['takeover'] },
      timeoutMs: 60_000,
    };
    await first.broker.register(
      defineConsumer({
        ...definition,
        handle: async (event) => {
          firstSeen.push(indexOf(event));
          await held.promise;
        },
      }),
    );
    await kit.publish(
      'takeover',
      Array.from({ length: 40 }, (_, i) => `k${i}`),
      't',
    );
    await until(
      () => firstSeen.length,
      (count) => count === 16,
    );

    const second = await kit.open('killed');
    const secondSeen = new Set<number>();
    await second.broker.register(
      defineConsumer({
        ...definition,
        handle: (event) => {
          secondSeen.add(indexOf(event));
        },
      }),
    );
    await until(
      () => secondSeen.size,
      (count) => count === 40,
    );
    await until(
      () => second.broker.lag('taken-over'),
      (lag) => lag.total === 0,
    );
    held.resolve();
    await first.close().catch(() => undefined);

    await until(
      () =>
        rows<{ sum: number }>(
          `SELECT sum(committed)::int AS sum FROM subscription_partitions JOIN subscriptions s ON s.id = subscription_id WHERE s.name = 'taken-over'`,
        ),
      (committed) => committed[0]?.sum === 40,
    );
    expect(
      (await second.broker.lag('taken-over')).partitions.every((one) => one.owner === 'killed'),
    ).toBe(true);
    await second.close();
  });

  test('an event whose handler kills the process reaches the dead letters', async () => {
    const seenBy: number[] = [];
    const definition = {
      name: 'killer',
      description: '',
      version: '1',
      filter: { topics: ['killer'] },
      retry: { ...quickRetry, baseMs: 1 },
      timeoutMs: 60_000,
    };
    await kit.publish('killer', ['k'], 'kill');
    const lives = [];
    // The handler never comes back, and the next life of the server takes over: first try, then 1 + 3 recorded ones.
    for (let life = 0; life < 5; life += 1) {
      const server = await kit.open('killer');
      lives.push(server);
      await server.broker.register(
        defineConsumer({
          ...definition,
          handle: () => {
            seenBy.push(life);
            return new Promise(() => undefined);
          },
        }),
      );
      await until(() => seenBy.includes(life), Boolean);
    }
    const last = await kit.open('killer');
    await last.broker.register(defineConsumer({ ...definition, handle: () => undefined }));
    const page = await until(
      () => last.deadLetters.list({ subscription: 'killer', limit: 10 }),
      (one) => one.items.length === 1,
    );
    expect(page.items[0]?.errorClass).toBe('ProcessEnded');
    expect(page.items[0]?.attemptCount).toBe(4);
    await last.close();
  }, 60_000);
});

describe('pull', () => {
  test('exactly the nacked 5 % of 2,000 events become letters after 1 + 3 attempts', async () => {
    const broker = await kit.open('nacking');
    await broker.broker.put('nacker', quickSettings({ filter: { topics: ['nacks'] } }), 'test');
    await kit.publish(
      'nacks',
      Array.from({ length: 2_000 }, (_, i) => `k${i}`),
      'n',
    );

    const acknowledged = new Set<number>();
    for (;;) {
      const deliveries = await broker.broker.receive('nacker', { max: 100, waitMs: 300 }, never);
      const good = deliveries.filter((one) => indexOf(one.event) % 20 !== 0);
      for (const one of good) acknowledged.add(indexOf(one.event));
      if (good.length > 0)
        await broker.broker.ack(
          'nacker',
          good.map((one) => one.deliveryId),
        );
      for (const one of deliveries.filter((each) => !good.includes(each))) {
        await broker.broker.nack('nacker', {
          deliveryId: one.deliveryId,
          error: { class: 'Rejected', message: `no ${one.event.id}`, stack: null },
          retryable: true,
        });
      }
      const state = await broker.broker.get('nacker');
      if (deliveries.length === 0 && state.retrying === 0 && state.lag === 0) break;
    }

    expect(acknowledged.size).toBe(1_900);
    const letters = await rows<{ attempt_count: number; n: number }>(
      `SELECT attempt_count, count(*)::int AS n FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id WHERE s.name = 'nacker' GROUP BY 1`,
    );
    expect(letters).toEqual([{ attempt_count: 4, n: 100 }]);
    expect(
      await rows(
        `SELECT 1 FROM attempts a JOIN subscriptions s ON s.id = a.subscription_id WHERE s.name = 'nacker'`,
      ),
    ).toHaveLength(400);

    // Redriven with a repaired consumer, none stays.
    const settled: string[] = [];
    broker.redelivery.onLetterSettled((letter) => settled.push(letter.outcome));
    const ids = (
      await rows<{ id: string }>(
        `SELECT l.id FROM dead_letters l JOIN subscriptions s ON s.id = l.subscription_id WHERE s.name = 'nacker'`,
      )
    ).map((row) => row.id);
    const operationId = 'aaaaaaaa-0000-4000-8000-000000000001';
    const client = await kit.database.database.pool.connect();
    await client.query('BEGIN');
    expect(await broker.redelivery.redrive(statementsOn(client), ids, operationId)).toHaveLength(
      100,
    );
    await client.query('COMMIT');
    client.release();
    broker.redelivery.wake('nacker');
    let marked = 0;
    while (settled.length < 100) {
      const deliveries = await broker.broker.receive('nacker', { max: 50, waitMs: 500 }, never);
      marked += deliveries.filter(
        (one) => one.redrive?.operationId === operationId && one.attempt === 1,
      ).length;
      await broker.broker.ack(
        'nacker',
        deliveries.map((one) => one.deliveryId),
      );
    }
    expect(marked).toBe(100);
    expect(new Set(settled)).toEqual(new Set(['resolved']));
    await broker.close();
  }, 60_000);

  test('a delivery that is not acknowledged in time comes again, and its old id is expired', async () => {
    const broker = await kit.open('visible');
    const settings = quickSettings({
      filter: { topics: ['visible'] },
      delivery: { kind: 'pull', visibilityMs: 100 },
    });
    await broker.broker.put('visible', settings, 'test');
    await kit.publish('visible', ['a', 'a'], 'v');

    const [first, ...others] = await broker.broker.receive(
      'visible',
      { max: 10, waitMs: 1_000 },
      never,
    );
    expect(others).toEqual([]);
    const again = await until(
      () => broker.broker.receive('visible', { max: 10, waitMs: 100 }, never),
      (deliveries) => deliveries.length > 0,
    );
    expect(again[0]?.attempt).toBe(2);
    expect(again[0]?.event.id).toBe(first?.event.id);
    const old = await broker.broker.ack('visible', [first?.deliveryId ?? '']);
    expect(old.expired).toEqual([first?.deliveryId]);
    await broker.broker.ack('visible', [again[0]?.deliveryId ?? '']);
    const next = await broker.broker.receive('visible', { max: 10, waitMs: 1_000 }, never);
    expect(next.map((one) => one.event.id)).toEqual(['v1']);
    await broker.close();
  });

  test('receive with nothing to give answers at once, and an aborted one takes nothing with it', async () => {
    const broker = await kit.open('empty');
    await broker.broker.put('empty', quickSettings({ filter: { topics: ['empty'] } }), 'test');
    expect(await broker.broker.receive('empty', { max: 5, waitMs: 0 }, never)).toEqual([]);

    const gone = new AbortController();
    const waiting = broker.broker.receive('empty', { max: 5, waitMs: 20_000 }, gone.signal);
    gone.abort();
    expect(await waiting).toEqual([]);
    await kit.publish('empty', ['a'], 'm');
    const deliveries = await broker.broker.receive('empty', { max: 5, waitMs: 5_000 }, never);
    expect(deliveries.map((one) => one.attempt)).toEqual([1]);
    await broker.close();
  });
});

describe('steering', () => {
  test('a paused subscription gets nothing, keeps its lag, and goes on when resumed', async () => {
    const broker = await kit.open('pausing');
    const seen: number[] = [];
    await broker.broker.register(
      defineConsumer({
        name: 'pausable',
        description: '',
        version: '1',
        filter: { topics: ['pausing'] },
        handle: (event) => {
          seen.push(indexOf(event));
        },
      }),
    );
    expect((await broker.broker.pause('pausable', 'test')).state).toBe('paused');
    await kit.publish('pausing', ['a', 'b', 'c'], 'z');
    await until(
      () => broker.broker.get('pausable'),
      (one) => one.lag === 3,
    );
    expect(seen).toEqual([]);
    expect(broker.redelivery.targetState('pausable')).toMatchObject({
      type: 'waiting',
      reason: 'paused',
    });
    await broker.broker.resume('pausable', 'test');
    await until(
      () => seen.length,
      (count) => count === 3,
    );
    const facts = await until(
      () =>
        rows<{ type: string }>(
          `SELECT type FROM events WHERE subject = 'pausable' ORDER BY position`,
        ),
      (all) => all.length === 3,
    );
    expect(facts.map((fact) => fact.type)).toEqual([
      'weir.subscription.created',
      'weir.subscription.paused',
      'weir.subscription.resumed',
    ]);
    await broker.close();
  });

  test('resolving a group of letters resolves none of them: only their handler does', async () => {
    const broker = await kit.open('grouping');
    await broker.broker.register(
      defineConsumer({
        name: 'refusing',
        description: '',
        version: '1',
        filter: { topics: ['grouping'] },
        handle: () => {
          throw new NonRetryableError('no');
        },
      }),
    );
    await kit.publish('grouping', ['a'], 'g');
    const [letter] = await until(
      async () => (await broker.deadLetters.list({ subscription: 'refusing', limit: 5 })).items,
      (letters) => letters.length === 1,
    );
    const { id = '', fingerprint = '' } = letter ?? {};

    const acknowledged = await broker.deadLetters.patchGroup(
      fingerprint,
      { status: 'acknowledged', note: 'known' },
      'test',
    );
    const resolved = await broker.deadLetters.patchGroup(
      fingerprint,
      { status: 'resolved' },
      'test',
    );

    expect(acknowledged).toMatchObject({ status: 'acknowledged', note: 'known' });
    expect(resolved.status).toBe('resolved');
    expect((await broker.deadLetters.get(id)).status).toBe('acknowledged');
    await broker.close();
  });

  test('a reset is previewed without effect, and then delivers again from there', async () => {
    const broker = await kit.open('resetting');
    const seen: string[] = [];
    await broker.broker.register(
      defineConsumer({
        name: 'resettable',
        description: '',
        version: '1',
        filter: { topics: ['resetting'] },
        handle: (event) => {
          seen.push(event.id);
        },
      }),
    );
    await kit.publish(
      'resetting',
      Array.from({ length: 40 }, (_, i) => `k${i}`),
      'x',
    );
    await until(
      () => broker.broker.lag('resettable'),
      (lag) => lag.total === 0,
    );
    await until(
      () => seen.length,
      (count) => count === 40,
    );

    const preview = await broker.broker.reset('resettable', 'earliest', true, 'test');
    expect(preview).toMatchObject({ dryRun: true, redelivered: 40, skipped: 0 });
    expect(preview.partitions.every((one) => one.after === 0 && one.eventTime !== null)).toBe(true);
    expect(seen).toHaveLength(40);

    const middle = await rows<{ position: number }>(
      `SELECT position FROM events WHERE event_id = 'x20'`,
    );
    const done = await broker.broker.reset(
      'resettable',
      { position: middle[0]?.position ?? 0 },
      false,
      'test',
    );
    expect(done.redelivered).toBe(20);
    await until(
      () => seen.length,
      (count) => count === 60,
    );
    expect(seen.slice(40).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, i) => `x${i + 20}`).toSorted(),
    );
    await broker.close();
  });

  test('a letter is retried with an edited payload and is resolved', async () => {
    const broker = await kit.open('editing');
    await broker.broker.register(
      defineConsumer({
        name: 'editable',
        description: '',
        version: '1',
        filter: { topics: ['editing'] },
        retry: { ...quickRetry, maxRetries: 0 },
        handle: (event) => {
          if (indexOf(event) !== 99) throw new Error(`bad index ${indexOf(event)}`);
        },
      }),
    );
    await kit.publish('editing', ['a'], 'ed');
    const page = await until(
      () => broker.deadLetters.list({ subscription: 'editable', limit: 10 }),
      (one) => one.items.length === 1,
    );
    const id = page.items[0]?.id ?? '';

    await broker.deadLetters.retry(id, undefined, 'test');
    const again = await until(
      () => broker.deadLetters.get(id),
      (letter) => letter.status === 'open',
    );
    expect(again.attempts).toHaveLength(2);
    await broker.deadLetters.retry(id, { index: 99 }, 'test');
    const letter = await until(
      () => broker.deadLetters.get(id),
      (one) => one.status === 'resolved',
    );
    expect(letter.editedData).toEqual({ index: 99 });
    expect(indexOf(letter.event)).toBe(0);
    await expect(broker.deadLetters.discard(id, 'late', 'test')).rejects.toMatchObject({
      code: 'wrong-state',
    });
    const deliveries = await broker.broker.deliveriesOf('ed0');
    expect(deliveries).toMatchObject([
      { subscription: 'editable', state: 'resolved', deadLetterId: id },
    ]);
    await broker.close();
  });

  test('a replay goes to its target alone, is marked, and moves no offset', async () => {
    const broker = await kit.open('replaying');
    const seen: (string | undefined)[] = [];
    let failures = 1;
    const target = defineConsumer({
      name: 'target',
      description: '',
      version: '1',
      filter: { topics: ['replaying'] },
      retry: quickRetry,
      handle: (event, ctx) => {
        if (ctx.replay && indexOf(event) === 1 && failures > 0) {
          failures -= 1;
          throw new Error('once');
        }
        seen.push(ctx.replay?.operationId);
      },
    });
    await broker.broker.register(target);
    await kit.publish('replaying', ['a', 'b', 'c'], 'rp');
    await until(
      () => seen.length,
      (count) => count === 3,
    );
    const lag = await until(
      () => broker.broker.lag('target'),
      (one) => one.total === 0,
    );

    const topic = kit.topics.find('replaying');
    const cursors = [0, 1, 2, 3].map((partition) => ({
      topicId: topic?.id ?? 0,
      partition,
      offset: 0,
      position: 0,
    }));
    const records = await kit.log.readPartitions(cursors, 10);
    const operationId = 'bbbbbbbb-0000-4000-8000-000000000001';
    const ends = await Promise.all(
      records.map((record) => broker.redelivery.deliver('target', record, { operationId })),
    );

    expect(ends).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    expect(seen.slice(3)).toEqual([operationId, operationId, operationId]);
    expect((await broker.broker.lag('target')).partitions.map((one) => one.committed)).toEqual(
      lag.partitions.map((one) => one.committed),
    );
    await broker.close();
  });

  test('start latest hears only what comes after, also of topics that come later from their beginning', async () => {
    const broker = await kit.open('starting');
    await kit.publish('starting', ['a', 'b'], 'old');
    await broker.broker.put(
      'late',
      quickSettings({ filter: { topics: ['starting*'] }, start: 'latest' }),
      'test',
    );
    await kit.publish('starting', ['a'], 'new');
    await kit.publish('starting-later', ['a'], 'first');

    const ids: string[] = [];
    while (ids.length < 2) {
      const deliveries = await broker.broker.receive('late', { max: 10, waitMs: 1_000 }, never);
      ids.push(...deliveries.map((one) => one.event.id));
      await broker.broker.ack(
        'late',
        deliveries.map((one) => one.deliveryId),
      );
    }
    expect(ids.toSorted()).toEqual(['first0', 'new0']);
    await broker.broker.remove('late', 'test');
    await expect(broker.broker.get('late')).rejects.toMatchObject({ code: 'unknown-subscription' });
    await broker.close();
  });
});
