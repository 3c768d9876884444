// What other sessions hold open must not hold up the log: neither a transaction elsewhere in the cluster, nor a snapshot of our
// own database that keeps every dead row version of it from being cleaned away.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Engine } from '#server/engine/engine.ts';
import { LOG_START, type LogClient, type LogCursor } from '#server/testing/drivers/log-driver.ts';
import { openXidOrderLog } from '#server/testing/drivers/xid-order-log.ts';
import { sabotageFunction } from '#server/testing/sabotage-function.ts';
import { createTestDatabase, type TestDatabase } from '#server/testing/test-database.ts';
import { createTestEngine, type TestEngine } from '#server/testing/test-engine.ts';
import { defineConsumer } from '../broker/consumer-definition.ts';

const HELD_MS = Number(process.env['WEIR_HELD_SNAPSHOT_SECONDS'] ?? '20') * 1_000;
const CALM_MS = 4_000;
const WINDOW_MS = 1_000;
/** Held and not held in turn, so that what else the machine does falls on both. */
const WINDOWS = 6;
const WRITERS = 8;
const PAUSE_MAX_MS = 4;
const POLL_EVERY_MS = 2;
const PAGE = 500;
/** How much slower a window may be on a machine that does other things too. */
const NOISE = 0.5;
/** What the mutant costs grows with the time; a slow machine needs more of it. */
const MUTANT_HELD_MS = [8_000, 16_000, 32_000];
/** The end of the time a snapshot is held, where its effect is the largest, and the part before that is looked at on its own. */
const LAST_MS = 5_000;
const PART_MS = 60_000;
/** Of the topic, which two consumers read. */
const PARTITIONS = 8;
const TABLES = [
  'log_shards',
  'nodes',
  'subscription_partitions',
  'stream_heads',
  'queue_cursors',
  'claims',
] as const;

class Load {
  #running = true;
  #tasks: Promise<void>[] = [];
  published = 0;
  delivered = 0;
  publishMs: number[] = [];
  deliveryMs: number[] = [];

  /** Again and again, with pauses, until the end. */
  repeat(pauseMaxMs: number, work: () => Promise<void>): void {
    const loop = async () => {
      while (this.#running) {
        await work();
        await sleep(Math.random() * pauseMaxMs);
      }
    };
    this.#tasks.push(loop());
  }

  async publish(work: () => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    await work();
    this.publishMs.push(performance.now() - startedAt);
    this.published += 1;
  }

  arrived(sentAtMs: number): void {
    this.delivered += 1;
    this.deliveryMs.push(performance.timeOrigin + performance.now() - sentAtMs);
  }

  /** What one stretch of time brought. */
  async during(ms: number) {
    const { published, delivered } = this;
    this.publishMs = [];
    this.deliveryMs = [];
    await sleep(ms);
    return {
      published: this.published - published,
      delivered: this.delivered - delivered,
      publishMs: spread(this.publishMs),
      deliveryMs: spread(this.deliveryMs),
    };
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#tasks);
  }
}

const nowMs = () => performance.timeOrigin + performance.now();

function spread(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number(
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1),
    );
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

let engine: TestEngine | undefined;
let kit: TestDatabase;
let load: Load;
const clients: LogClient[] = [];
const sessions: pg.Client[] = [];
beforeEach(async () => {
  load = new Load();
});
afterEach(async () => {
  await load.stop();
  await Promise.all(sessions.splice(0).map((session) => session.end()));
  await Promise.all(clients.splice(0).map((client) => client.close()));
  if (engine === undefined) await kit.drop();
  await engine?.drop();
  engine = undefined;
});

async function connect(url: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  sessions.push(session);
  return session;
}

/** A session in another, empty database of the same cluster. */
async function connectElsewhere(): Promise<pg.Client> {
  const name = `weir_test_other_${randomBytes(6).toString('hex')}`;
  await kit.database.pool.query(`CREATE DATABASE ${name}`);
  const address = new URL(kit.url);
  address.pathname = `/${name}`;
  return connect(address.href);
}

const eventOf = (topic: string, sentAtMs: number) => ({
  topic,
  batch: false,
  inputs: [
    {
      attributes: {
        source: '/held',
        type: 'thing.happened',
        subject: `key-${Math.floor(Math.random() * 50)}`,
      },
      payload: { kind: 'json' as const, value: { sentAtMs } },
    },
  ],
});

async function consume(to: Engine, name: string, topic: string, mode: 'stream' | 'queue') {
  await to.broker.register(
    defineConsumer({
      name,
      description: 'measures how late it is',
      version: '1',
      filter: { topics: [topic] },
      mode,
      handle: ({ data }) => {
        if (typeof data === 'object' && data !== null && 'sentAtMs' in data)
          load.arrived(Number(data.sentAtMs));
      },
    }),
  );
}

async function loadWeir(): Promise<void> {
  engine = await createTestEngine();
  kit = engine.database;
  const weir = engine.engine;
  await weir.topics.ensure('held');
  await consume(weir, 'stream-consumer', 'held', 'stream');
  for (let i = 0; i < WRITERS; i += 1)
    load.repeat(PAUSE_MAX_MS, () =>
      load.publish(() => weir.publisher.publish(eventOf('held', nowMs()))),
    );
}

async function loadXidOrder(): Promise<void> {
  kit = await createTestDatabase();
  const log = await openXidOrderLog(kit);
  clients.push(log);
  let sequence = 0;
  for (let i = 0; i < WRITERS; i += 1)
    load.repeat(PAUSE_MAX_MS, () =>
      load.publish(() => {
        sequence += 1;
        return log.append([{ id: `${sequence}`, key: 'held', sequence }]);
      }),
    );
  let cursor: LogCursor = LOG_START;
  load.repeat(POLL_EVERY_MS, async () => {
    const read = await log.readAfter(cursor, PAGE);
    cursor = read.cursor;
    for (const _ of read.events) load.arrived(nowMs());
  });
}

/** Windows with and without an open transaction in another database that has an id. */
async function holdElsewhere() {
  const other = await connectElsewhere();
  await load.during(WINDOW_MS);
  const free = { published: 0, delivered: 0 };
  const held = { published: 0, delivered: 0 };
  for (let window = 0; window < WINDOWS; window += 1) {
    const isHeld = window % 2 === 1;
    if (isHeld) await other.query('BEGIN; SELECT pg_current_xact_id()');
    const seen = await load.during(WINDOW_MS);
    if (isHeld) await other.query('COMMIT');
    const sum = isHeld ? held : free;
    sum.published += seen.published;
    sum.delivered += seen.delivered;
  }
  return { free, held };
}

describe('a transaction held in another database of the cluster', () => {
  test('changes neither what is published nor what is delivered', async () => {
    await loadWeir();

    const { free, held } = await holdElsewhere();

    process.stdout.write(`held elsewhere: ${JSON.stringify({ free, held })}\n`);
    expect(held.published).toBeGreaterThan(free.published * NOISE);
    expect(held.delivered).toBeGreaterThan(free.delivered * NOISE);
  });

  test('stops a log that waits for the oldest transaction, as would be noticed', async () => {
    await loadXidOrder();

    const { free, held } = await holdElsewhere();

    process.stdout.write(`held elsewhere, by transaction id: ${JSON.stringify({ free, held })}\n`);
    expect(held.published).toBeGreaterThan(free.published * NOISE);
    expect(held.delivered).toBeLessThan(free.delivered * NOISE);
  });
});

/** Row versions that are dead, by table, and how large the tables are. */
async function tables() {
  const { rows } = await kit.database.pool.query<{ name: string; dead: number; kib: number }>(
    `SELECT relname AS name, n_dead_tup AS dead, pg_total_relation_size(relid) / 1024 AS kib
       FROM pg_stat_user_tables WHERE relname = ANY($1)`,
    [[...TABLES]],
  );
  return new Map(rows.map(({ name, ...figures }) => [name, figures]));
}

/** The log, a stream consumer, a queue, and two streams of which one is written to again and again. */
async function loadTables(): Promise<void> {
  await loadWeir();
  const weir = engine?.engine;
  if (weir === undefined) return;
  await consume(weir, 'queue-consumer', 'held', 'queue');
  for (const streamId of ['hot-1', 'hot-1', 'hot-2'])
    load.repeat(PAUSE_MAX_MS, () =>
      load.publish(() =>
        weir.publisher.appendToStream({
          ...eventOf('held', nowMs()),
          streamId,
          expectedVersion: 'any',
        }),
      ),
    );
  await load.during(WINDOW_MS);
}

async function holdSnapshot(heldMs: number) {
  const snapshot = await connect(kit.url);
  const before = await load.during(CALM_MS);
  await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM weir.nodes');
  const tablesBefore = await tables();
  let published = 0;
  for (let leftMs = heldMs - LAST_MS; leftMs > 0; leftMs -= PART_MS) {
    const part = await load.during(Math.min(PART_MS, leftMs));
    published += part.published;
    process.stdout.write(`held snapshot, a part of it: ${JSON.stringify(part)}\n`);
  }
  const last = await load.during(LAST_MS);
  published += last.published;
  const tablesAfter = await tables();
  await snapshot.query('COMMIT');
  const dead = TABLES.map((name) => {
    const grown = (tablesAfter.get(name)?.dead ?? 0) - (tablesBefore.get(name)?.dead ?? 0);
    return [name, { dead: grown, kib: tablesAfter.get(name)?.kib ?? 0 }] as const;
  });
  return { before, last, published, heldMs, tables: Object.fromEntries(dead) };
}

/** Slower than noise and a machine that does other things explain. */
const slow = (what: string, now: Spread, then: Spread) => [
  ...(now.p50 > then.p50 * 3 + 10 ? [`${what} p50 ${now.p50} ms after ${then.p50}`] : []),
  ...(now.p99 > then.p99 * 5 + 250 ? [`${what} p99 ${now.p99} ms after ${then.p99}`] : []),
];

/** What a held snapshot may not do, in words. */
function complaints({ before, last, published, heldMs, tables: seen }: Held): string[] {
  const seconds = heldMs / 1_000;
  const deadMax: Record<(typeof TABLES)[number], number> = {
    // Nothing of the log itself is ever updated.
    log_shards: 0,
    nodes: 2 * seconds,
    // Ten commits a second of each partition.
    subscription_partitions: 10 * PARTITIONS * seconds + 100,
    stream_heads: published,
    queue_cursors: published,
    claims: 2 * published,
  };
  const tooDead = TABLES.flatMap((name) => {
    const dead = seen[name]?.dead ?? 0;
    return dead > deadMax[name] ? [`${name} has ${dead} dead rows more`] : [];
  });
  return [
    ...tooDead,
    ...slow('publish', last.publishMs, before.publishMs),
    ...slow('delivery', last.deliveryMs, before.deliveryMs),
  ];
}

type Held = Awaited<ReturnType<typeof holdSnapshot>>;
type Spread = ReturnType<typeof spread>;

describe('a snapshot held in our own database', () => {
  test('leaves publishing and delivery as quick as they were', {
    timeout: HELD_MS + 60_000,
  }, async () => {
    await loadTables();

    const held = await holdSnapshot(HELD_MS);

    process.stdout.write(`held snapshot: ${JSON.stringify(held)}\n`);
    expect(complaints(held)).toEqual([]);
  });

  test('would be noticed by a log that counts in a row', { timeout: 120_000 }, async () => {
    await loadTables();
    await sabotageFunction(kit.database, {
      name: 'append_batch',
      from: 'PERFORM pg_advisory_xact_lock(1163087698, p_shard);',
      to: `PERFORM pg_advisory_xact_lock(1163087698, p_shard);
        FOR i IN 1..40 LOOP UPDATE log_shards SET dedupe_from = dedupe_from WHERE shard = p_shard; END LOOP;`,
    });

    const expected = /log_shards.*publish p50/;
    let noticed = '';
    for (const heldMs of MUTANT_HELD_MS) {
      if (expected.test(noticed)) break;
      const held = await holdSnapshot(heldMs);
      process.stdout.write(`held snapshot, counting in a row: ${JSON.stringify(held)}\n`);
      noticed = complaints(held).join();
    }

    expect(noticed).toMatch(expected);
  });
});
